# Sourced by the findings that steer librdkafka's mock cluster through its C interface, after dotnet-app.sh.

# native_mock_app < rest-of-program.cs: builds a program that begins with a mock cluster of two brokers ("cluster"), whose topic "orders" has partition 0 on broker 1 and
# partition 1 on broker 2, and prints its addresses. The rest answers each line it reads with a line.
native_mock_app() {
  local rest program
  rest=$(cat)
  program=$(mktemp)
  cat >"$program" <<'CS'
using System.Runtime.InteropServices;

// The package has several builds for Linux, of which one loads without more system libraries.
NativeLibrary.SetDllImportResolver(typeof(Native).Assembly, (name, assembly, path) =>
    NativeLibrary.TryLoad(name, assembly, path, out nint found) || NativeLibrary.TryLoad($"centos8-{name}", assembly, path, out found) ? found : 0);
byte[] error = new byte[512];
nint client = Native.rd_kafka_new(0, 0, error, error.Length);
nint cluster = Native.rd_kafka_mock_cluster_new(client, 2);
Native.rd_kafka_mock_topic_create(cluster, "orders", 2, 2);
Native.rd_kafka_mock_partition_set_leader(cluster, "orders", 0, 1);
Native.rd_kafka_mock_partition_set_leader(cluster, "orders", 1, 2);
Console.WriteLine(Marshal.PtrToStringUTF8(Native.rd_kafka_mock_cluster_bootstraps(cluster)));
CS
  cat >>"$program" <<CS
$rest

CS
  cat >>"$program" <<'CS'
static class Native
{
    [DllImport("librdkafka")] public static extern nint rd_kafka_new(int type, nint configuration, byte[] error, nint size);
    [DllImport("librdkafka")] public static extern nint rd_kafka_mock_cluster_new(nint client, int brokers);
    [DllImport("librdkafka")] public static extern nint rd_kafka_mock_cluster_bootstraps(nint cluster);
    [DllImport("librdkafka")] public static extern int rd_kafka_mock_topic_create(nint cluster, string topic, int partitions, int replicas);
    [DllImport("librdkafka")] public static extern int rd_kafka_mock_partition_set_leader(nint cluster, string topic, int partition, int broker);
    [DllImport("librdkafka")] public static extern void rd_kafka_mock_push_request_errors_array(nint cluster, short api, nint count, int[] errors);
}
CS
  dotnet_app 'Confluent.Kafka 2.16.0;librdkafka.redist 2.16.0' <"$program"
  rm -f "$program"
}
