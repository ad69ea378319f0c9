using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Finding coordinators.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class FindCoordinatorTests(BothNodes nodes)
{
    [KafkaFact]
    public Task Responses_are_Kafkas() =>
        Script.CompareAsync(
            nodes,
            "FindCoordinator",
            [
                Case.Of("a group, until there is one", p => UntilKnownAsync(p, 0)),
                Case.Of("a transaction, until there is one", p => UntilKnownAsync(p, 1)),
                Case.Of("several groups", p => p.AskAsync(new FindCoordinatorRequest { KeyType = 0, CoordinatorKeys = ["a", "b"] })),
                Case.Of("a group, version 0", p => p.AskVersionAsync(new FindCoordinatorRequest { Key = "a" }, 0)),
                Case.Of("a transaction, version 3", p => p.AskVersionAsync(new FindCoordinatorRequest { Key = "a", KeyType = 1 }, 3)),
                Case.Of("an empty group", p => p.AskAsync(new FindCoordinatorRequest { KeyType = 0, CoordinatorKeys = [""] })),
                Case.Of("an unknown kind", p => p.AskAsync(new FindCoordinatorRequest { KeyType = 9, CoordinatorKeys = ["a"] })),
                Case.Of("an unknown kind, version 3", p => p.AskVersionAsync(new FindCoordinatorRequest { KeyType = 9, Key = "a" }, 3)),
                Case.Of(
                    "a share group's state with a key that cannot be",
                    p => p.AskAsync(new FindCoordinatorRequest { KeyType = 2, CoordinatorKeys = ["a"] })
                ),
                Case.Of("nothing", p => p.AskAsync(new FindCoordinatorRequest { KeyType = 0, CoordinatorKeys = [] })),
            ]
        );

    /// <summary>The first question creates the internal topic; the response that counts is the one when it is there.</summary>
    private static async Task<FindCoordinatorResponse> UntilKnownAsync(Peer peer, sbyte type)
    {
        FindCoordinatorResponse? last = null;
        for (int tries = 0; tries < 100; tries++)
        {
            last = await peer.AskAsync(new FindCoordinatorRequest { KeyType = type, CoordinatorKeys = ["a"] });
            if (last.Coordinators[0].ErrorCode == ErrorCode.None)
            {
                break;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }

        return last!;
    }
}
