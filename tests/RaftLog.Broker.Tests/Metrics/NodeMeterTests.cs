using System.Diagnostics.Metrics;
using System.Text;
using RaftLog.Broker.Metrics;
using RaftLog.Broker.Tests.Nodes;
using RaftLog.Client.Admin;
using RaftLog.Client.Produce;

namespace RaftLog.Broker.Tests.Metrics;

/// <summary>What a node counts, as any listener of .NET sees it.</summary>
public sealed class NodeMeterTests
{
    private const string Cluster =
        """{ "nodes": [ { "node.id": 4711, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093", "log.dirs": "/a" } ] }""";

    [Fact]
    public async Task A_listener_sees_requests_errors_bytes_flushes_logs_and_budgets_of_a_node()
    {
        using NodesInMemory nodes = new(Cluster) { IsMeasured = true };
        await nodes.StartAsync();
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("orders", 3, 1)]);
        await using (Producer producer = nodes.Client.CreateProducer())
        {
            for (int i = 0; i < 10; i++)
            {
                await producer.ProduceAsync("orders", new ProducerRecord(null, Encoding.UTF8.GetBytes(new string('x', 1_000))));
            }
        }

        Assert.False(Assert.Single(await nodes.Client.Admin.DeleteTopicsAsync(["nobody"])).Succeeded);

        Dictionary<string, double> seen = Read();
        Assert.InRange(seen["raftlog.requests api=Produce listener=client"], 1, 10);
        Assert.True(seen["raftlog.request.time api=Produce listener=client"] > 0);
        Assert.Equal(0, seen["raftlog.request.errors api=Produce listener=client"]);
        Assert.Equal(1, seen["raftlog.request.errors api=DeleteTopics listener=client"]);
        Assert.InRange(seen["raftlog.connections.open"], 1, seen["raftlog.connections.accepted"]);
        Assert.Equal(0, seen["raftlog.connections.rejected"]);
        Assert.InRange(seen["raftlog.network.received"], 10_000, 1_000_000);
        Assert.InRange(seen["raftlog.network.sent"], 100, 1_000_000);
        Assert.InRange(seen["raftlog.log.size directory=/a"], 10_000, 100_000);
        Assert.InRange(seen["raftlog.flush.bytes directory=/a"], seen["raftlog.log.size directory=/a"], 1_000_000);
        Assert.True(seen["raftlog.flush.groups directory=/a"] > 0);
        Assert.True(seen["raftlog.flush.logs directory=/a"] >= seen["raftlog.flush.groups directory=/a"]);
        Assert.True(seen["raftlog.flush.time directory=/a"] > 0);
        Assert.Equal(3, seen["raftlog.partitions"]);
        Assert.Equal(3, seen["raftlog.partitions.leading"]);
        Assert.Equal(3, seen["raftlog.leaderships"]);
        Assert.Equal(0, seen["raftlog.partitions.under_replicated"]);
        Assert.Equal(0, seen["raftlog.isr.shrinks"]);
        Assert.Equal(0, seen["raftlog.isr.expansions"]);
        Assert.Equal(1, seen["raftlog.quorum.elections"]);
        Assert.True(seen.ContainsKey("raftlog.recovery.time"));
        foreach (string loop in new[] { "quorum", "metadata publisher" })
        {
            Assert.InRange(seen[$"raftlog.loop.groups loop={loop}"], 1, seen[$"raftlog.loop.inputs loop={loop}"]);
            Assert.True(seen[$"raftlog.loop.wait.time loop={loop}"] > 0);
            Assert.True(seen[$"raftlog.loop.run.time loop={loop}"] > 0);
        }

        foreach (string budget in new[] { "requests", "small requests", "controller requests", "replication", "decompression" })
        {
            Assert.InRange(seen[$"raftlog.memory.used budget={budget}"], 0, seen[$"raftlog.memory.limit budget={budget}"]);
        }

        await nodes.StopAsync();
        Assert.Empty(Read());
    }

    /// <summary>All that the node shows now, by instrument and tags.</summary>
    private static Dictionary<string, double> Read()
    {
        Dictionary<string, double> seen = new(StringComparer.Ordinal);
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, its) =>
        {
            if (instrument.Meter.Name == NodeMeter.Name && instrument.Meter.Tags?.Contains(new("node.id", 4711)) == true)
            {
                its.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.Start();
        listener.RecordObservableInstruments();
        return seen;

        void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            StringBuilder name = new(instrument.Name);
            foreach ((string key, object? tag) in tags)
            {
                name.Append($" {key}={tag}");
            }

            seen.Add(name.ToString(), value);
        }
    }
}
