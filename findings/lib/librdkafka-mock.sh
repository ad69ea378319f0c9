# Sourced by the findings about librdkafka's mock cluster, after dotnet-app.sh.

# mock_app [BROKERS [PACKAGES]] < rest-of-program.cs: builds a program that begins with a mock cluster of BROKERS (3 if not given) brokers; its producer is
# "host", its addresses are in "servers". PACKAGES are further ones, written as for dotnet_app; namespaces of theirs are named at the rest's beginning.
mock_app() {
  local rest program namespace='^using [A-Za-z.]+;$'
  rest=$(cat)
  program=$(mktemp)
  {
    grep -E "$namespace" <<<"$rest" || true
    sed "s/BROKERS/${1:-3}/" <<'CS'
using Confluent.Kafka;

using IProducer<Null, string> host = new ProducerBuilder<Null, string>(
    new Dictionary<string, string> { ["bootstrap.servers"] = "unused:1", ["test.mock.num.brokers"] = "BROKERS", ["linger.ms"] = "0" })
    .SetLogHandler((_, _) => { }).Build();
using IAdminClient admin = new DependentAdminClientBuilder(host.Handle).Build();
string servers = string.Join(",", admin.GetMetadata(TimeSpan.FromSeconds(10)).Brokers.Select(broker => $"{broker.Host}:{broker.Port}"));
CS
    grep -vE "$namespace" <<<"$rest"
  } >"$program"
  dotnet_app "Confluent.Kafka 2.16.0;librdkafka.redist 2.16.0;${2:-}" <"$program"
  rm -f "$program"
}
