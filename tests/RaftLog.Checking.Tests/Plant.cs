using RaftLog.Protocol;

namespace RaftLog.Checking.Tests;

/// <summary>Breaks one promise in a sound history.</summary>
/// <param name="Kinds">What must be found, and nothing else.</param>
/// <param name="Apply">How it is broken.</param>
internal sealed record Plant(AnomalyKind[] Kinds, Func<History, History> Apply)
{
    internal static IReadOnlyList<Plant> All { get; } =
    [
        // Nobody may have seen the record that gets lost, or it would be a dirty read as well.
        new([AnomalyKind.LostRecord], h => h with { Sends = [.. h.Sends, Fresh(h, SendOutcome.Acknowledged, 100_000)] }),
        new(
            [AnomalyKind.UnseenRecord],
            h => h with { Sends = [.. h.Sends, Fresh(h, SendOutcome.Acknowledged, 100_000)], IsFinalComplete = false }
        ),
        new([AnomalyKind.Duplicate], h => h with { Final = [.. h.Final, Last(h.Final) with { Offset = Last(h.Final).Offset + 50 }] }),
        new(
            [AnomalyKind.InconsistentOffset],
            h => h with { Seen = [h.Final[0] with { Consumer = 77, Offset = h.Final[1].Offset, Epoch = null }, .. h.Seen] }
        ),
        new([AnomalyKind.InconsistentOffset, AnomalyKind.UnseenRecord], TwiceAcknowledged),
        new(
            [AnomalyKind.RejectedRecord],
            h => h with { Sends = [.. h.Sends.Select(s => s.Value == Last(h.Final).Value ? s with { Outcome = SendOutcome.Rejected } : s)] }
        ),
        new(
            [AnomalyKind.AlienRecord],
            h => h with { Final = [.. h.Final, new SeenRecord(9, Last(h.Final).Partition, new Offset(100_000), new RecordValue(5))] }
        ),
        new(
            [AnomalyKind.DirtyRead],
            h => h with { Seen = [.. h.Seen, new SeenRecord(77, Last(h.Final).Partition, new Offset(100_000), new RecordValue(5))] }
        ),
        new([AnomalyKind.ReorderedSend], Reorder),
        new([AnomalyKind.NonmonotonicRead], h => h with { Seen = [.. h.Seen, Saw(h, 1, poll: 901), Saw(h, 0, poll: 902)] }),
        new([AnomalyKind.NonmonotonicPoll], h => h with { Seen = [.. h.Seen, Saw(h, 1, poll: 901), Saw(h, 1, poll: 901)] }),
        new([AnomalyKind.SkippedRecord], h => h with { Seen = [.. h.Seen, Saw(h, 0, poll: 901), Saw(h, 2, poll: 902)] }),
        new([AnomalyKind.SkipInPoll], h => h with { Seen = [.. h.Seen, Saw(h, 0, poll: 901), Saw(h, 2, poll: 901)] }),
        new(
            [AnomalyKind.StaleOffset],
            h =>
                h with
                {
                    Sends =
                    [
                        .. h.Sends.Select(s => s.Value == First(h).Value ? s with { InvokedUs = 1_000_000, CompletedUs = 1_000_001 } : s),
                    ],
                    Final = [.. h.Final.Select(r => r with { Epoch = null })],
                }
        ),
        new(
            [AnomalyKind.EndRegression],
            h =>
                h with
                {
                    Ends =
                    [
                        .. h.Ends,
                        new SeenEnd(First(h).Partition, new Offset(90_000), 10_000_000, 10_000_001),
                        new SeenEnd(First(h).Partition, new Offset(89_999), 10_000_002, 10_000_003),
                    ],
                }
        ),
        new(
            [AnomalyKind.HighWatermarkRegression],
            h =>
                h with
                {
                    HighWatermarks =
                    [
                        .. h.HighWatermarks,
                        Last(h.HighWatermarks) with
                        {
                            HighWatermark = Last(h.HighWatermarks).HighWatermark - 1,
                        },
                    ],
                }
        ),
        new(
            [AnomalyKind.HighWatermarkRegression],
            h => h with { HighWatermarks = [.. h.HighWatermarks, Told(h, 999, 70), Told(h, 1000, 60), Told(h, 999, 69)] }
        ),
        new(
            [AnomalyKind.EpochReused],
            h =>
                h with
                {
                    Leaders =
                    [
                        .. h.Leaders,
                        new SeenLeader(First(h).Partition, new LeaderEpoch(999), new NodeId(1)),
                        new SeenLeader(First(h).Partition, new LeaderEpoch(999), new NodeId(2)),
                    ],
                }
        ),
        new(
            [AnomalyKind.EpochReused],
            h =>
                h with
                {
                    Final = [.. h.Final.Select(r => r == Last(h.Final) ? r with { Epoch = new LeaderEpoch(-1) } : r)],
                    Sends = [.. h.Sends.Select(s => s with { InvokedUs = null })],
                    Seen = [.. h.Seen.Select(r => r with { Epoch = null })],
                }
        ),
        new(
            [AnomalyKind.EpochReused],
            h =>
                h with
                {
                    Replicas =
                    [
                        .. h.Replicas.Select(
                            (r, i) => i > 1 ? r : r with { Batches = [.. r.Batches, Stored.Batch(100_000, 1000, 88, 0, i)] }
                        ),
                    ],
                }
        ),
        new(
            [AnomalyKind.ReplicaDivergence],
            h =>
                h with
                {
                    Replicas = [.. h.Replicas.Select((r, i) => i > 0 ? r : r with { Batches = [.. r.Batches.Take(r.Batches.Count - 1)] })],
                }
        ),
        new(
            [AnomalyKind.SequenceGap],
            h =>
                h with
                {
                    Replicas =
                    [
                        .. h.Replicas.Select(r =>
                            r with
                            {
                                Batches = [.. r.Batches, Stored.Batch(100_000, 1000, 88, 0, 1), Stored.Batch(100_001, 1000, 88, 2, 1)],
                            }
                        ),
                    ],
                }
        ),
        new(
            [AnomalyKind.SequenceGap],
            h =>
                h with
                {
                    Replicas =
                    [
                        .. h.Replicas.Select(r =>
                            r with
                            {
                                Batches = [.. r.Batches, Stored.Batch(100_000, 1000, 88, 0, 1), Stored.Batch(100_001, 1000, 88, 0, 1)],
                            }
                        ),
                    ],
                }
        ),
        new(
            [AnomalyKind.GapAccepted],
            h => h with { Sends = [.. h.Sends.Select(s => s.Value == First(h).Value ? s with { LeavesGap = true } : s)] }
        ),
        new(
            [AnomalyKind.NotLinearizable],
            h => h with { Metadata = [.. h.Metadata, Changed(MetadataAction.Create, 1, 0), Changed(MetadataAction.Create, 2, 10)] }
        ),
        new([AnomalyKind.MetadataRegression], h => h with { Metadata = [.. h.Metadata, Viewed(901, 20_000_000)] }),
        new([AnomalyKind.MetadataRegression], h => h with { Metadata = [.. h.Metadata, Viewed(903, 20_000_000)] }),
        new([AnomalyKind.LostLastValue], h => h with { Keyed = [Keyed(h, new KeyedRecord(new Offset(3), 1, new RecordValue(11)))] }),
        new([AnomalyKind.LostLastValue], h => h with { Keyed = [Keyed(h)] }),
        new(
            [AnomalyKind.AlienRecord, AnomalyKind.NonmonotonicRead],
            h =>
                h with
                {
                    Keyed =
                    [
                        Keyed(
                            h,
                            new KeyedRecord(new Offset(7), 1, new RecordValue(12)),
                            new KeyedRecord(new Offset(6), 1, new RecordValue(99))
                        ),
                    ],
                }
        ),
        new([AnomalyKind.CorruptRecord], h => h with { CorruptReads = ["bytes that nobody wrote"] }),
        new([AnomalyKind.UnexpectedExit], h => h with { UnexpectedExits = ["node 1 ended with 134"] }),
        new([AnomalyKind.Unavailable], h => h with { Promises = [new AvailabilityPromise(30_000_000, 31_000_000, 500_000)] }),
        new([AnomalyKind.StaleOffset, AnomalyKind.LateAcknowledgement], Late),
        new(
            [AnomalyKind.PrecommittedRead],
            h =>
                h with
                {
                    Transactions = [.. h.Transactions.Select(t => t.Number == 0 ? t with { CommitInvokedUs = t.CommitInvokedUs + 6 } : t)],
                }
        ),
        new([AnomalyKind.TornTransaction], Tear),
        new(
            [AnomalyKind.ZombieCommit],
            h =>
                h with
                {
                    Sessions =
                    [
                        .. h.Sessions,
                        new ProducerSession(
                            CoordinatedModel.TransactionalId,
                            9000,
                            h.Sessions[0].CompletedUs + 1,
                            h.Sessions[0].CompletedUs + 2
                        ),
                    ],
                    Transactions = [h.Transactions[0]],
                }
        ),
        new(
            [AnomalyKind.HangingTransaction],
            h => h with { StableEnds = [h.StableEnds[0] with { LastStable = h.StableEnds[0].LastStable - 1 }] }
        ),
        new(
            [AnomalyKind.MoneyNotConserved],
            h => h with { Sends = [.. h.Sends.Select(s => s.Amount == 7 && s.Transaction == 0 ? s with { Amount = 8 } : s)] }
        ),
        new([AnomalyKind.NotExactlyOnce], h => h with { Pipelines = [Committed(h, -1)] }),
        new(
            [AnomalyKind.NotExactlyOnce],
            h =>
                h with
                {
                    Sends =
                    [
                        .. h.Sends.Select(s =>
                            s.Source is { } source && s.Transaction == 0 ? s with { Source = (source.Partition, source.Offset + 1) } : s
                        ),
                    ],
                }
        ),
        new(
            [AnomalyKind.NotExactlyOnce],
            h => h with { Sends = [.. h.Sends.Select(s => s.Source is not null && s.Transaction == 0 ? s with { Source = null } : s)] }
        ),
        new([AnomalyKind.OffsetNotLinearizable], h => h with { Offsets = [.. h.Offsets, Read(h.Offsets[^1], 0, 1)] }),
        new(
            [AnomalyKind.OffsetNotLinearizable],
            h =>
                h with
                {
                    Offsets =
                    [
                        .. h.Offsets.Where(o => o.Action != OffsetAction.Commit || o.Offset != Acknowledged(h).Offset),
                        Acknowledged(h) with
                        {
                            Outcome = SendOutcome.Rejected,
                        },
                    ],
                }
        ),
        new(
            [AnomalyKind.StaleCommit],
            h =>
                h with
                {
                    Offsets =
                    [
                        .. h.Offsets,
                        Acknowledged(h) with
                        {
                            Partition = CoordinatedModel.Account,
                            Generation = 1,
                            InvokedUs = 1_000_000_000,
                            CompletedUs = 1_000_000_001,
                        },
                    ],
                }
        ),
        new(
            [AnomalyKind.DoubleOwnership],
            h => h with { Ownerships = [.. h.Ownerships, h.Ownerships[0] with { Member = "other", FromUs = h.Ownerships[0].ToUs - 1 }] }
        ),
    ];

    /// <summary>An unknown transaction that is there loses one of its records; nobody has seen it, and no money was in it.</summary>
    private static History Tear(History history)
    {
        ClientTransaction torn = history.Transactions.First(each =>
            each.Outcome == SendOutcome.Unknown && history.Final.Any(record => IsOf(record, each.Number))
        );
        bool IsOf(SeenRecord record, long transaction) =>
            history.Sends.Any(sent => sent.Value == record.Value && sent.Transaction == transaction);
        SentRecord lost = history.Sends.First(each => each.Transaction == torn.Number && each.Amount != 0);
        return history with
        {
            Sends = [.. history.Sends.Select(each => each.Transaction == torn.Number ? each with { Amount = 0 } : each)],
            Final = [.. history.Final.Where(each => each.Value != lost.Value)],
            Seen = [.. history.Seen.Where(each => each.Value != lost.Value)],
        };
    }

    private static Pipeline Committed(History history, long more) =>
        history.Pipelines[0] with
        {
            Committed = new SortedDictionary<TopicPartition, Offset>(
                history.Pipelines[0].Committed.ToDictionary(each => each.Key, each => each.Value + more)
            ),
        };

    private static OffsetOperation Acknowledged(History history) =>
        history.Offsets.First(each => each is { Action: OffsetAction.Commit, Outcome: SendOutcome.Acknowledged });

    private static OffsetOperation Read(OffsetOperation like, long offset, long laterUs) =>
        like with
        {
            Offset = new Offset(offset),
            InvokedUs = like.CompletedUs!.Value + laterUs,
            CompletedUs = like.CompletedUs!.Value + laterUs + 1,
        };

    /// <summary>One key is written twice, and read once after that.</summary>
    private static KeyedHistory Keyed(History history, params KeyedRecord[] seen) =>
        new(
            history.Final[0].Partition,
            [
                new(1, new RecordValue(11), SendOutcome.Acknowledged, new Offset(3), 10, 20),
                new(1, new RecordValue(12), SendOutcome.Acknowledged, new Offset(5), 30, 40),
            ],
            [new(1, 50, 60, new Offset(6), seen)]
        );

    private static T Last<T>(IReadOnlyList<T> records) => records[^1];

    private static SeenHighWatermark Told(History history, int epoch, long highWatermark) =>
        new(77, First(history).Partition, new LeaderEpoch(epoch), new Offset(highWatermark));

    private static SentRecord First(History history) =>
        history.Sends.First(each => each.Outcome == SendOutcome.Acknowledged && each.Partition == history.Final[0].Partition);

    private static SentRecord Fresh(History history, SendOutcome outcome, long offset, int number = 0) =>
        new(50 + number, history.Final[0].Partition, new RecordValue(77_000 + number), outcome, new Offset(offset));

    private static SeenRecord Saw(History history, int index, int poll) => history.Final[index] with { Consumer = 88, Poll = poll };

    private static History Reorder(History history)
    {
        SentRecord[] own =
        [
            .. history
                .Sends.Where(each => each.Outcome == SendOutcome.Acknowledged)
                .GroupBy(each => (each.Producer, each.Partition))
                .First(each => each.Count() > 1)
                .Take(2),
        ];
        List<SentRecord> sends = [.. history.Sends];
        int one = sends.IndexOf(own[0]);
        int other = sends.IndexOf(own[1]);
        (sends[one], sends[other]) = (sends[other], sends[one]);
        return history with { Sends = sends };
    }

    /// <summary>Two records are acknowledged at one offset; the final read did not reach it.</summary>
    private static History TwiceAcknowledged(History history) =>
        history with
        {
            Sends =
            [
                .. history.Sends,
                Fresh(history, SendOutcome.Acknowledged, 100_000),
                Fresh(history, SendOutcome.Acknowledged, 100_000, 1),
            ],
            IsFinalComplete = false,
        };

    /// <summary>
    /// Two acknowledged records of neighbouring epochs; the one of the lower epoch was sent after the other's acknowledgement.
    /// </summary>
    private static History Late(History history)
    {
        TopicPartition apart = new("late", 0);
        return history with
        {
            Sends =
            [
                .. history.Sends,
                new SentRecord(60, apart, new RecordValue(78_000), SendOutcome.Acknowledged, new Offset(1))
                {
                    InvokedUs = 10,
                    CompletedUs = 20,
                },
                new SentRecord(61, apart, new RecordValue(78_001), SendOutcome.Acknowledged, new Offset(0))
                {
                    InvokedUs = 30,
                    CompletedUs = 40,
                },
            ],
            Final =
            [
                .. history.Final,
                new SeenRecord(9, apart, new Offset(0), new RecordValue(78_001)) { Epoch = new LeaderEpoch(4) },
                new SeenRecord(9, apart, new Offset(1), new RecordValue(78_000)) { Epoch = new LeaderEpoch(5) },
            ],
        };
    }

    private static MetadataOperation Changed(MetadataAction action, int partitions, long fromUs) =>
        new(new NodeId(1), "planted", action, new TopicState(true, partitions, 0), SendOutcome.Acknowledged, fromUs, fromUs + 5);

    private static MetadataOperation Viewed(long setting, long atUs) =>
        new(new NodeId(1), "settings", MetadataAction.View, new TopicState(true, 1, setting), SendOutcome.Acknowledged, atUs, atUs + 1);
}
