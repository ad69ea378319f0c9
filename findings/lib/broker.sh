# Sourced by the findings that use broker.js, after librdkafka-mock.sh: builds the mock cluster's program into $app, with the topics of its arguments, and puts broker.js beside it.
listener_app() {
  mock_app 1 <<'CS'
foreach (string topic in args)
{
    admin.GetMetadata(topic, TimeSpan.FromSeconds(10));
}

Console.WriteLine(servers);
Console.ReadLine();
CS
  cp "$(dirname "${BASH_SOURCE[0]}")/broker.js" "$work/broker.js"
}
