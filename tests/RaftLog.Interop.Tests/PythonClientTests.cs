using System.Text.Json;
using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Tools;

namespace RaftLog.Interop.Tests;

/// <summary>Python's clients against three nodes: produce, then read back with partitions assigned by hand.</summary>
[Collection(SharedClusterCollection.Name)]
public sealed class PythonClientTests(SharedCluster shared)
{
    private const int Records = 2000;

    [PythonFact]
    public Task What_confluent_kafka_produces_it_reads_back() => RoundTripAsync("confluent_client.py");

    [PythonFact]
    public Task What_kafka_python_produces_it_reads_back() => RoundTripAsync("kafka_python_client.py");

    [PythonFact]
    public Task What_aiokafka_produces_it_reads_back() => RoundTripAsync("aiokafka_client.py");

    private Task RoundTripAsync(string script) =>
        shared.WatchAsync(async cluster =>
        {
            string topic = Path.GetFileNameWithoutExtension(script);
            await cluster.View.CreateTopicAsync(topic, partitions: 3, replicas: 3);
            CommandResult result = (await PythonClients.RunAsync(script, cluster.Bootstrap, topic, $"{Records}")).Succeeded();
            using JsonDocument seen = JsonDocument.Parse(result.Lines[^1]);
            Assert.Equal(0, seen.RootElement.GetProperty("failed").GetArrayLength());
            Assert.Equal(0, seen.RootElement.GetProperty("left").GetInt32());
            Assert.True(seen.RootElement.GetProperty("whole").GetBoolean(), result.Describe());
            Assert.True(seen.RootElement.GetProperty("once").GetBoolean(), result.Describe());
        });
}
