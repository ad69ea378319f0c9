using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Moves between log directories, where there is one.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class AlterReplicaLogDirsTests(BothNodes nodes)
{
    private const string Topic = "alter-replica-log-dirs";

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        await Topics.CreateAsync(nodes, Topic);
        await Script.CompareAsync(
            nodes,
            "AlterReplicaLogDirs",
            [
                Case.Of("to where it lies", async p => await p.AskAsync(Request(await DirectoryAsync(p), Topic, 0))),
                Case.Of(
                    "to where it lies, oldest version",
                    async p => await p.AskVersionAsync(Request(await DirectoryAsync(p), Topic, 0), 1)
                ),
                Case.Of("to what is no directory of the node", p => p.AskAsync(Request("/nowhere", Topic, 0))),
                Case.Of(
                    "an unknown topic",
                    async p => await p.AskAsync(Request(await DirectoryAsync(p), "alter-replica-log-dirs-unknown", 0))
                ),
                Case.Of("an unknown partition", async p => await p.AskAsync(Request(await DirectoryAsync(p), Topic, 8))),
                Case.Of("no path", p => p.AskAsync(Request("", Topic, 0))),
                Case.Of("a relative path", p => p.AskAsync(Request(".", Topic, 0))),
                Case.Of("a topic without a name", async p => await p.AskAsync(Request(await DirectoryAsync(p), "", 0))),
                Case.Of("a partition below zero", async p => await p.AskAsync(Request(await DirectoryAsync(p), Topic, -1))),
                Case.Of("no partitions", async p => await p.AskAsync(Request(await DirectoryAsync(p), Topic))),
                Case.Of("the same partition twice", async p => await p.AskAsync(Request(await DirectoryAsync(p), Topic, 0, 0))),
                Case.Of(
                    "to two directories at once",
                    async p =>
                    {
                        AlterReplicaLogDirsRequest request = Request(await DirectoryAsync(p), Topic, 0);
                        request.Dirs.AddRange(Request("/nowhere", Topic, 0).Dirs);
                        return await p.AskAsync(request);
                    }
                ),
                Case.Of("nothing", p => p.AskAsync(new AlterReplicaLogDirsRequest())),
            ]
        );
    }

    private static async Task<string> DirectoryAsync(Peer peer) =>
        (await peer.AskAsync(new DescribeLogDirsRequest { Topics = null })).Results[0].LogDir;

    private static AlterReplicaLogDirsRequest Request(string directory, string topic, params int[] partitions) =>
        new() { Dirs = [new() { Path = directory, Topics = [new() { Name = topic, Partitions = [.. partitions] }] }] };
}
