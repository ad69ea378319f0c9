using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Deleting topics.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class DeleteTopicsTests(BothNodes nodes)
{
    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        foreach (string name in (string[])["delete-a", "delete-b", "delete-c", "delete-d"])
        {
            await Topics.CreateAsync(nodes, name);
        }

        await Script.CompareAsync(
            nodes,
            "DeleteTopics",
            [
                Case.Of("by name", p => p.AskAsync(ByName("delete-a"))),
                Case.Of(
                    "by name, gone",
                    async p =>
                    {
                        await Topics.UntilGoneAsync(p, "delete-a");
                        return await p.AskAsync(ByName("delete-a"));
                    }
                ),
                Case.Of("by id", async p => await p.AskAsync(ById(await p.TopicIdAsync("delete-b")))),
                Case.Of("by an unknown id", p => p.AskAsync(ById(new Uuid(9, 9)))),
                Case.Of(
                    "by name, oldest version",
                    p => p.AskVersionAsync(new DeleteTopicsRequest { TopicNames = ["delete-c"], TimeoutMs = 10_000 }, 1)
                ),
                Case.Of(
                    "by name, gone, version 5",
                    async p =>
                    {
                        await Topics.UntilGoneAsync(p, "delete-c");
                        return await p.AskVersionAsync(new DeleteTopicsRequest { TopicNames = ["delete-c"], TimeoutMs = 10_000 }, 5);
                    }
                ),
                Case.Of(
                    "by name and id",
                    async p =>
                        await p.AskAsync(
                            new DeleteTopicsRequest
                            {
                                Topics = [new() { Name = "delete-d", TopicId = await p.TopicIdAsync("delete-d") }],
                                TimeoutMs = 10_000,
                            }
                        )
                ),
                Case.Of(
                    "twice in one request",
                    p =>
                        p.AskAsync(
                            new DeleteTopicsRequest
                            {
                                Topics = [new() { Name = "delete-d" }, new() { Name = "delete-d" }],
                                TimeoutMs = 10_000,
                            }
                        )
                ),
                Case.Of("by neither name nor id", p => p.AskAsync(new DeleteTopicsRequest { Topics = [new()], TimeoutMs = 10_000 })),
                Case.Of("nothing", p => p.AskAsync(new DeleteTopicsRequest { TimeoutMs = 10_000 })),
            ]
        );
    }

    private static DeleteTopicsRequest ByName(string name) => new() { Topics = [new() { Name = name }], TimeoutMs = 10_000 };

    private static DeleteTopicsRequest ById(Uuid id) => new() { Topics = [new() { TopicId = id }], TimeoutMs = 10_000 };
}
