using RaftLog.Interop.Tests.Clusters;

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

    private static string Hex(string command) => $"{command} | od -An -v -tx1 | tr -d ' \\n'";

    /// <summary>Runs a line of a shell in which <c>raftlog</c> speaks to the cluster, and gives its output without the last line's
    /// end.</summary>
    private static async Task<string> RunAsync(Cluster cluster, string line)
    {
        string script = $"raftlog() {{ '{Repository.RaftLog}' \"$@\" --bootstrap-server 127.0.0.1:{cluster.Nodes[0].Port}; }}\n{line}";
        return (await Command.RunAsync("/bin/sh", ["-c", script])).Succeeded().Output.TrimEnd('\n');
    }
}
