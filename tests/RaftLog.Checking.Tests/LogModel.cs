using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Checking.Tests;

/// <summary>
/// A sound cluster as the checkers see it: one log a partition with holes, leader epochs and three equal replicas; producers that are told
/// the truth or nothing; consumers that read everything in order; a topic that is changed by overlapping calls. What it writes must be
/// found in order.
/// </summary>
internal sealed class LogModel
{
    private const int Producers = 3;
    private const int Consumers = 2;

    private static readonly TopicPartition[] Partitions = [new("t", 0), new("t", 1)];

    private readonly List<SentRecord> _sends = [];
    private readonly List<SeenRecord> _seen = [];
    private readonly List<SeenRecord>[] _logs =
    [
        [],
        [],
    ];
    private readonly List<ReplicaBatch>[] _batches =
    [
        [],
        [],
    ];
    private readonly long[] _ends = new long[2];
    private readonly int[] _epochs = new int[2];
    private readonly int[] _positions = new int[2 * Consumers];
    private readonly Dictionary<(int Producer, int Partition), int> _sequences = [];
    private readonly List<SeenEnd> _seenEnds = [];
    private readonly List<SeenHighWatermark> _highWatermarks = [];
    private readonly long[] _lastSentBack = new long[2];
    private readonly List<SeenLeader> _leaders = [];
    private readonly List<MetadataOperation> _metadata = [];
    private TopicState _topic;
    private long _nowUs;
    private int _polls;

    private LogModel() { }

    /// <summary>The history of a run that these choices make.</summary>
    internal static History Of((byte Kind, byte Choice)[] choices)
    {
        LogModel model = new();

        // A few steps that every history has, so that there is something to break.
        (byte, byte)[] some =
        [
            (0, 0),
            (1, 4),
            (2, 1),
            (0, 0),
            (0, 3),
            (6, 0),
            (0, 1),
            (0, 0),
            (6, 1),
            (4, 0),
            (5, 0),
            (0, 0),
            (5, 1),
            (7, 0),
            (7, 1),
            (7, 2),
            (0, 5),
            (5, 0),
            (5, 1),
            (6, 0),
            (6, 1),
        ];
        foreach ((byte kind, byte choice) in some.Concat(choices).Concat(some))
        {
            model.Step(kind % 8, choice);
        }

        return CoordinatedModel.AddTo(model.End(), choices.Select(each => each.Choice));
    }

    private void Step(int kind, int choice)
    {
        int partition = choice % 2;
        _nowUs += 10;
        switch (kind)
        {
            case 0:
                Send(choice % Producers, partition, SendOutcome.Acknowledged, isThere: true);
                break;
            case 1:
                Send(choice % Producers, partition, SendOutcome.Unknown, isThere: choice % 4 < 2);
                break;
            case 2:
                Send(choice % Producers, partition, SendOutcome.Rejected, isThere: false);
                break;
            case 3:
                _ends[partition] += choice % 5;
                break;
            case 4:
                _epochs[partition]++;

                // A new leader knows less of what is committed, until its followers have fetched.
                _lastSentBack[partition] = choice % 3;
                _leaders.Add(new SeenLeader(Partitions[partition], new LeaderEpoch(_epochs[partition]), new NodeId(choice % 3)));
                break;
            case 5:
                Poll(choice % Consumers, partition, 1 + (choice % 7));
                break;
            case 6:
                _seenEnds.Add(new SeenEnd(Partitions[partition], new Offset(_ends[partition]), _nowUs - 3, _nowUs));
                break;
            default:
                Change(choice);
                break;
        }
    }

    private void Send(int producer, int partition, SendOutcome outcome, bool isThere)
    {
        RecordValue value = new(1000 + _sends.Count);
        _sends.Add(
            new SentRecord(
                producer,
                Partitions[partition],
                value,
                outcome,
                outcome == SendOutcome.Acknowledged ? new Offset(_ends[partition]) : Offset.None
            )
            {
                InvokedUs = _nowUs - 5,
                CompletedUs = outcome == SendOutcome.Unknown ? null : _nowUs,
            }
        );
        if (!isThere)
        {
            return;
        }

        _logs[partition]
            .Add(
                new SeenRecord(9, Partitions[partition], new Offset(_ends[partition]), value)
                {
                    Epoch = new LeaderEpoch(_epochs[partition]),
                }
            );
        int sequence = _sequences.GetValueOrDefault((producer, partition));
        _sequences[(producer, partition)] = sequence + 1;
        _batches[partition].Add(Stored.Batch(_ends[partition], _epochs[partition], producer, sequence, value.Value));
        _ends[partition]++;
    }

    private void Poll(int consumer, int partition, int count)
    {
        int lane = (consumer * 2) + partition;
        _polls++;
        for (; count > 0 && _positions[lane] < _logs[partition].Count; count--)
        {
            _seen.Add(_logs[partition][_positions[lane]++] with { Consumer = consumer, Poll = _polls, AtUs = _nowUs });
        }

        Offset told = new(Math.Max(0, _ends[partition] - _lastSentBack[partition]));
        _highWatermarks.Add(new SeenHighWatermark(consumer, Partitions[partition], new LeaderEpoch(_epochs[partition]), told));
    }

    private void Change(int choice)
    {
        MetadataAction action = !_topic.Exists
            ? MetadataAction.Create
            : (choice % 4) switch
            {
                0 => MetadataAction.Delete,
                1 => MetadataAction.Grow,
                2 => MetadataAction.View,
                _ => MetadataAction.Set,
            };
        TopicState argument = action switch
        {
            MetadataAction.Create => new TopicState(true, 1 + (choice % 3), 0),
            MetadataAction.Grow => _topic with { Partitions = _topic.Partitions + 1 },
            MetadataAction.Set => _topic with { Setting = 1 + _metadata.Count },
            _ => _topic,
        };
        MetadataOperation operation = new(
            new NodeId(choice % 3),
            "m",
            action,
            argument,
            SendOutcome.Acknowledged,
            _nowUs - (choice % 2 == 0 ? 4 : 14),
            _nowUs
        );
        bool isLost = action != MetadataAction.View && choice % 8 == 5;
        _metadata.Add(isLost ? operation with { Outcome = SendOutcome.Unknown, CompletedUs = null } : operation);
        _topic = action switch
        {
            MetadataAction.Delete => default,
            MetadataAction.View => _topic,
            _ => argument,
        };
    }

    private History End()
    {
        _nowUs += 100;
        for (int i = 0; i < _positions.Length; i++)
        {
            Poll(i / 2, i % 2, int.MaxValue);
        }

        // Somebody must know a setting, and read it twice, so that it can be made to go back.
        foreach (long setting in (long[])[901, 902])
        {
            _topic = new TopicState(true, Math.Max(1, _topic.Partitions), setting);
            string topic = "settings";
            if (setting == 901)
            {
                _metadata.Add(
                    new MetadataOperation(
                        new NodeId(0),
                        topic,
                        MetadataAction.Create,
                        new TopicState(true, 1, 0),
                        SendOutcome.Acknowledged,
                        _nowUs,
                        _nowUs + 1
                    )
                );
            }

            _metadata.Add(
                new MetadataOperation(
                    new NodeId(0),
                    topic,
                    MetadataAction.Set,
                    new TopicState(true, 1, setting),
                    SendOutcome.Acknowledged,
                    _nowUs + 2,
                    _nowUs + 3
                )
            );
            _metadata.Add(
                new MetadataOperation(
                    new NodeId(1),
                    topic,
                    MetadataAction.View,
                    new TopicState(true, 1, setting),
                    SendOutcome.Acknowledged,
                    _nowUs + 4,
                    _nowUs + 5
                )
            );
            _nowUs += 10;
        }

        return new History
        {
            Sends = _sends,
            Seen = _seen,
            Final = [.. _logs[0], .. _logs[1]],
            Ends = _seenEnds,
            HighWatermarks = _highWatermarks,
            Leaders = _leaders,
            Metadata = _metadata,
            Replicas =
            [
                .. Enumerable
                    .Range(0, 2)
                    .SelectMany(partition =>
                        Enumerable
                            .Range(0, 3)
                            .Select(node => new ReplicaLog(
                                new NodeId(node),
                                Partitions[partition],
                                new Offset(EndOf(partition)),
                                [.. _batches[partition]]
                            ))
                    ),
            ],
            Promises = [new AvailabilityPromise(0, _nowUs, _nowUs)],
        };
    }

    private long EndOf(int partition) => _batches[partition].Count == 0 ? 0 : _batches[partition][^1].LastOffset.Value + 1;
}
