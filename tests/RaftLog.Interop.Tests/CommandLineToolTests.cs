using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Produce;
using RaftLog.Interop.Tests.Clusters;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Interop.Tests;

/// <summary><c>raftlog</c> among other programs of a shell.</summary>
[Collection(SharedClusterCollection.Name)]
public sealed class CommandLineToolTests(SharedCluster shared)
{
    [Fact]
    public Task Consume_ends_with_the_program_that_reads_its_output() =>
        shared.WatchAsync(async cluster =>
        {
            await cluster.View.CreateTopicAsync("piped", partitions: 1, replicas: 3);
            Assert.True(await cluster.View.TryProduceAsync("piped", 0, RawBatches.Of("first", "second", "third")));
            string script =
                $"'{Repository.RaftLog}' consume piped --from-beginning --bootstrap-server 127.0.0.1:{cluster.Nodes[0].Port} | head -n 1";

            CommandResult read = (await Command.RunAsync("/bin/sh", ["-c", script])).Succeeded();

            Assert.Equal(["first"], read.Lines);
        });

    /// <summary>Bytes that are no text, a lone carriage return, and what other programs take for a byte order mark.</summary>
    [Theory]
    [InlineData("latin", @"a\266b\377c\n", "61b662ff630a", 1)]
    [InlineData("return", @"a\rb\r\nc\n", "610d620d0a630a", 2)]
    [InlineData("mark", @"\357\273\277x\n\377\376y\n", "efbbbf780afffe790a", 2)]
    [InlineData("zero", @"a\000b\n\n", "6100620a0a", 2)]
    public Task Bytes_that_produce_reads_are_the_bytes_that_consume_writes(string topic, string input, string output, int records) =>
        shared.WatchAsync(async cluster =>
        {
            topic = $"bytes-{topic}";
            await cluster.View.CreateTopicAsync(topic, partitions: 1, replicas: 3);
            await RunAsync(cluster, $"printf '{input}' | raftlog produce {topic}");

            string shown = await RunAsync(cluster, Hex($"raftlog consume {topic} --from-beginning --max-messages {records}"));
            Assert.Equal(output, shown);

            // Through JSON, which has no bytes, into another topic.
            await cluster.View.CreateTopicAsync($"{topic}-copy", partitions: 1, replicas: 3);
            await RunAsync(
                cluster,
                $"raftlog consume {topic} --from-beginning --max-messages {records} --format json "
                    + $"| raftlog produce {topic}-copy --format json"
            );
            shown = await RunAsync(cluster, Hex($"raftlog consume {topic}-copy --from-beginning --max-messages {records}"));
            Assert.Equal(output, shown);
        });

    [Fact]
    public Task Null_empty_headers_and_separators_are_written_and_told_apart() =>
        shared.WatchAsync(async cluster =>
        {
            const string Topic = "told-apart";
            await cluster.View.CreateTopicAsync(Topic, partitions: 1, replicas: 3);
            await RunAsync(cluster, $@"printf 'k\tv\tw\n\t\nNIL\tNIL\nno key\n' | raftlog produce {Topic} --key-separator '\t' --null NIL");
            await RunAsync(cluster, $"printf 'a:b\\n' | raftlog produce {Topic} --key 'x:y' --header h=1=2 --header empty= --header none");
            await RunAsync(cluster, $"printf 'gone\\n' | raftlog produce {Topic} --tombstone");
            const string Read = $"raftlog consume {Topic} --from-beginning --max-messages 6";

            string shown = await RunAsync(cluster, $@"{Read} --null NIL --format '%K[%k] %S[%s] {{%h}}\n'");
            Assert.Equal(
                "1[k] 3[v\tw] {}\n0[] 0[] {}\n-1[NIL] -1[NIL] {}\n-1[NIL] 6[no key] {}\n"
                    + "3[x:y] 3[a:b] {h=1=2,empty=,none=NIL}\n4[gone] -1[NIL] {}",
                shown
            );
            shown = await RunAsync(cluster, $@"{Read} --key-separator '\t' --null NIL");
            Assert.Equal("k\tv\tw\n\t\nNIL\tNIL\nNIL\tno key\nx:y\ta:b\ngone\tNIL", shown);

            // JSON loses none of it.
            await cluster.View.CreateTopicAsync($"{Topic}-copy", partitions: 1, replicas: 3);
            await RunAsync(cluster, $"{Read} --format json | raftlog produce {Topic}-copy --format json");
            const string Format = @"--null NIL --format '%K[%k] %S[%s] {%h} %T\n'";
            Assert.Equal(
                await RunAsync(cluster, $"{Read} {Format}"),
                await RunAsync(cluster, $"raftlog consume {Topic}-copy --from-beginning --max-messages 6 {Format}")
            );
        });

    [Fact]
    public Task A_group_has_committed_what_was_shown_and_nothing_else() =>
        shared.WatchAsync(async cluster =>
        {
            const string Topic = "shown";
            await cluster.View.CreateTopicAsync(Topic, partitions: 1, replicas: 3);
            await RunAsync(cluster, $"seq 1 5 | raftlog produce {Topic}");
            const string Next = $"raftlog consume {Topic} --group shown --from-beginning --max-messages";

            Assert.Equal("1\n2", await RunAsync(cluster, $"{Next} 2"));
            Assert.Equal("3", await RunAsync(cluster, $"{Next} 1"));
            Assert.Equal("4\n5", await RunAsync(cluster, $"{Next} 2"));
        });

    [Fact]
    public Task Produce_says_at_once_which_line_has_failed_and_goes_on_with_the_others() =>
        shared.WatchAsync(async cluster =>
        {
            const string Topic = "small-only";
            string produce = $"'{Repository.RaftLog}' produce {Topic} --bootstrap-server 127.0.0.1:{cluster.Nodes[0].Port}";
            await RunAsync(cluster, $"raftlog topic create {Topic} --config max.message.bytes=500");
            using Command producing = Command.Start("/bin/sh", ["-c", $"exec {produce} 2>&1"]);
            await producing.Input.WriteAsync("first\n");
            await producing.Input.FlushAsync();
            await Poll.UntilAsync("the first is written", async () => await CountAsync(cluster, Topic) == 1);
            await producing.Input.WriteAsync(new string('x', 1000) + "\n");
            await producing.Input.FlushAsync();

            // The input stays open: nobody has to wait for its end.
            await Poll.UntilAsync("the failure is told", () => Task.FromResult(producing.Said.Contains('\n')));
            Assert.StartsWith("line 2 was not acknowledged: ", producing.Said, StringComparison.Ordinal);
            Assert.Contains("raise max.message.bytes of the topic", producing.Said, StringComparison.Ordinal);
            await producing.Input.WriteAsync("third\n");
            producing.Input.Close();

            CommandResult ended = (await producing.EndAsync()).Failed();
            Assert.Equal("2 records acknowledged, 1 not", ended.Lines[^1]);
            Assert.Equal("first\nthird", await RunAsync(cluster, $"raftlog consume {Topic} --from-beginning --max-messages 2"));
        });

    /// <summary>Other clients may write names that are no UTF-8.</summary>
    [Fact]
    public Task A_headers_name_that_is_no_text_goes_through_JSON() =>
        shared.WatchAsync(async cluster =>
        {
            await cluster.View.CreateTopicAsync("names", partitions: 1, replicas: 3);
            await cluster.View.CreateTopicAsync("names-copy", partitions: 1, replicas: 3);
            using KafkaCluster client = new(new ClientOptions { BootstrapServers = ClientOptions.ParseServers(cluster.Bootstrap) });
            await using Producer producer = client.CreateProducer();
            RecordHeader[] headers = [new([0xff, 0x61], [1]), new("text", "x"u8.ToArray())];
            await producer.ProduceAsync("names", new ProducerRecord(null, [1]) { Headers = headers });
            await RunAsync(
                cluster,
                "raftlog consume names --from-beginning --max-messages 1 --format json | raftlog produce names-copy --format json"
            );

            string shown = await RunAsync(cluster, Hex("raftlog consume names-copy --from-beginning --max-messages 1 --format '%h'"));
            Assert.Equal("ff613d012c746578743d78", shown);
        });

    private static async Task<long> CountAsync(Cluster cluster, string topic)
    {
        using KafkaCluster client = new(new ClientOptions { BootstrapServers = ClientOptions.ParseServers(cluster.Bootstrap) });
        TopicPartition partition = new(topic, 0);
        return (await client.Admin.ListOffsetsAsync(new Dictionary<TopicPartition, OffsetSpec> { [partition] = OffsetSpec.Latest }))[
            partition
        ]
            .Offset
            .Value;
    }

    private static string Hex(string command) => $"{command} | od -An -v -tx1 | tr -d ' \\n'";

    /// <summary>Runs a line of a shell in which <c>raftlog</c> speaks to the cluster, and gives its output without the last line's
    /// end.</summary>
    private static async Task<string> RunAsync(Cluster cluster, string line)
    {
        string script = $"raftlog() {{ '{Repository.RaftLog}' \"$@\" --bootstrap-server 127.0.0.1:{cluster.Nodes[0].Port}; }}\n{line}";
        return (await Command.RunAsync("/bin/sh", ["-c", script])).Succeeded().Output.TrimEnd('\n');
    }
}
