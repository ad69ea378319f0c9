using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Reading records.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class FetchTests(BothNodes nodes)
{
    private const string Topic = "fetch";
    private const long Unknown = 99;

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        await Topics.CreateFilledAsync(nodes, Topic);
        await Topics.CreateAsync(nodes, "fetch-empty");
        Normalisation sessions = Normalisation.Usual.AndByPresence("SessionId");
        await Script.CompareAsync(
            nodes,
            "Fetch",
            [
                Case.Of("from the start", p => ByIdAsync(p, Topic, 0, 0)),
                Case.Of("from the middle of a batch", p => ByIdAsync(p, Topic, 0, 4)),
                Case.Of("from the end", p => ByIdAsync(p, Topic, 0, 9)),
                Case.Of("from an empty partition", p => ByIdAsync(p, "fetch-empty", 0, 0)),
                Case.Of("behind the end", p => ByIdAsync(p, Topic, 0, Unknown)),
                Case.Of("before the start", p => ByIdAsync(p, Topic, 0, -1)),
                Case.Of("from an unknown partition", p => ByIdAsync(p, Topic, 5, 0)),
                Case.Of("by an unknown topic id", p => p.AskAsync(Request(new Uuid(3, 4), 0, 0))),
                Case.Of("by name, oldest version", p => p.AskVersionAsync(ByName(Topic, 0), 4)),
                Case.Of("by an unknown name", p => p.AskAsync(ByName("fetch-unknown", 0), 12)),
                Case.Of("read committed", p => ByIdAsync(p, Topic, 0, 0, request => request.IsolationLevel = 1)),
                Case.Of("a few bytes", p => ByIdAsync(p, Topic, 0, 0, request => request.Topics[0].Partitions[0].PartitionMaxBytes = 10)),
                Case.Of("no bytes at all", p => ByIdAsync(p, Topic, 0, 3, request => request.MaxBytes = 0)),
                Case.Of(
                    "with the true leader epoch",
                    p => ByIdAsync(p, Topic, 0, 0, request => request.Topics[0].Partitions[0].CurrentLeaderEpoch = new(0))
                ),
                Case.Of(
                    "with a leader epoch of the future",
                    p => ByIdAsync(p, Topic, 0, 0, request => request.Topics[0].Partitions[0].CurrentLeaderEpoch = new(5))
                ),
                Case.Of(
                    "with a last fetched epoch of the future",
                    p => ByIdAsync(p, Topic, 0, 4, request => request.Topics[0].Partitions[0].LastFetchedEpoch = new(5))
                ),
                Case.Of(
                    "as an unknown replica",
                    p => ByIdAsync(p, Topic, 0, 0, request => request.ReplicaState = new() { ReplicaId = new(77), ReplicaEpoch = new(1) })
                ),
                Case.Of(
                    "opening a session",
                    sessions,
                    p => ByIdAsync(p, Topic, 0, 0, request => (request.SessionId, request.SessionEpoch) = (0, 0))
                ),
                Case.Of(
                    "in a session that does not exist",
                    sessions,
                    p => ByIdAsync(p, Topic, 0, 0, request => (request.SessionId, request.SessionEpoch) = (4711, 3))
                ),
                Case.Of("a session's second request", sessions, SecondAsync),
                Case.Of("a session's request out of order", sessions, p => SecondAsync(p, epoch: 5)),
                Case.Of(
                    "nothing",
                    p =>
                        p.AskAsync(
                            new FetchRequest
                            {
                                MaxWaitMs = 0,
                                MinBytes = 0,
                                SessionEpoch = -1,
                            }
                        )
                ),
            ]
        );
    }

    private static Task<FetchResponse> SecondAsync(Peer peer) => SecondAsync(peer, epoch: 1);

    private static async Task<FetchResponse> SecondAsync(Peer peer, int epoch)
    {
        FetchResponse first = await ByIdAsync(peer, Topic, 0, 0, request => (request.SessionId, request.SessionEpoch) = (0, 0));
        return await peer.AskAsync(
            new FetchRequest
            {
                MaxWaitMs = 0,
                MinBytes = 0,
                SessionId = first.SessionId,
                SessionEpoch = epoch,
            }
        );
    }

    private static async Task<FetchResponse> ByIdAsync(
        Peer peer,
        string topic,
        int partition,
        long offset,
        Action<FetchRequest>? change = null
    )
    {
        FetchRequest request = Request(await peer.TopicIdAsync(topic), partition, offset);
        change?.Invoke(request);
        return await peer.AskAsync(request);
    }

    private static FetchRequest ByName(string topic, long offset)
    {
        FetchRequest request = Request(Uuid.Zero, 0, offset);
        request.Topics[0].Topic = topic;
        return request;
    }

    private static FetchRequest Request(Uuid topic, int partition, long offset) =>
        new()
        {
            MaxWaitMs = 0,
            MinBytes = 0,
            MaxBytes = 1 << 20,
            SessionEpoch = -1,
            Topics =
            [
                new()
                {
                    TopicId = topic,
                    Partitions =
                    [
                        new()
                        {
                            Partition = partition,
                            FetchOffset = new(offset),
                            PartitionMaxBytes = 1 << 20,
                        },
                    ],
                },
            ],
        };
}
