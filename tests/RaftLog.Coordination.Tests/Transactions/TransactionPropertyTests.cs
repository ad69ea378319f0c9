using FsCheck;
using FsCheck.Fluent;
using RaftLog.Coordination.Transactions;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Coordination.Tests.Transactions;

/// <summary>What holds after any sequence of requests, faults and waits.</summary>
public sealed class TransactionPropertyTests
{
    private static readonly string[] Ids = ["a", "b"];

    [Property]
    public Property Replaying_any_prefix_gives_the_live_state() =>
        Check(world =>
        {
            TransactionCoordinatorState replayed = new(TransactionSettings.Default, world.Coordinator);
            foreach (CoordinatorRecord record in world.Coordinator.Log)
            {
                replayed.Replay(record, new RecordOrigin(Offset.Zero, ProducerStamp.None));
            }

            Assert.Equal(Describe(world.Coordinator.All), Describe(replayed.Transactions));
        });

    [Property]
    public Property Every_record_follows_the_one_before_by_the_table() =>
        Check(world =>
        {
            Dictionary<string, TransactionStatus> before = [];
            foreach (CoordinatorRecord record in world.Coordinator.Log)
            {
                Assert.True(TransactionRecords.TryReadKey(record.Key, out string? id));
                if (record.Value is not { } bytes)
                {
                    Assert.True(before[id].IsIdle());
                    before.Remove(id);
                    continue;
                }

                TransactionStatus status = TransactionRecords.ReadValue(bytes).Status;
                Assert.True(
                    TransactionStatuses.MayFollow(before.GetValueOrDefault(id), status),
                    $"{before.GetValueOrDefault(id)} to {status}"
                );
                before[id] = status;
            }
        });

    [Property]
    public Property No_two_incarnations_get_the_same_producer_id_and_epoch() =>
        Check(world => Assert.Equal(world.GivenToNew.Count, world.GivenToNew.Distinct().Count()));

    [Property]
    public Property Epochs_of_one_producer_id_never_go_back() =>
        Check(world =>
        {
            Dictionary<long, int> highest = [];
            foreach (CoordinatorRecord record in world.Coordinator.Log)
            {
                if (record.Value is { } bytes && TransactionRecords.ReadValue(bytes) is var transaction)
                {
                    Assert.True(transaction.Epoch.Value >= highest.GetValueOrDefault(transaction.Producer.Value, -1));
                    highest[transaction.Producer.Value] = transaction.Epoch.Value;
                }
            }
        });

    [Property]
    public Property Once_markers_can_be_written_and_time_goes_on_no_transaction_stays_open() =>
        Check(world =>
        {
            world.Coordinator.HasProducerIds = true;
            for (int i = 0; i < 3; i++)
            {
                world.Coordinator.Advance(Coordinator.TimeoutMs * 2);
                world.Coordinator.WriteMarkers();
            }

            Assert.All(world.Coordinator.All.Values, transaction => Assert.True(transaction.Status.IsIdle()));
        });

    private static List<string> Describe(IEnumerable<KeyValuePair<string, Transaction>> transactions) =>
        [.. transactions.Select(pair => $"{pair.Key} {pair.Value with { Partitions = [] }} {string.Join(',', pair.Value.Partitions)}")];

    private static Property Check(Action<World> property) =>
        Prop.ForAll(
            ArbMap.Default.ArbFor<(byte Action, byte Choice)[]>(),
            steps =>
            {
                World world = new();
                foreach ((byte action, byte choice) in steps)
                {
                    world.Step(action, choice);
                }

                property(world);
            }
        );

    /// <summary>A few clients that do anything at any time, near the end of the epochs.</summary>
    private sealed class World
    {
        private readonly List<(string Id, long Producer, int Epoch)> _held = [];

        public Coordinator Coordinator { get; } = new();

        public List<(long Producer, int Epoch)> GivenToNew { get; } = [];

        public void Step(byte action, byte choice)
        {
            string id = Ids[choice % 2];
            (string heldId, long producer, int epoch) = _held.Count == 0 ? (id, -1, -1) : _held[choice % _held.Count];
            int version = choice % 4 == 0 ? 0 : 2;
            switch (action % 10)
            {
                case 0:
                    Begin(id, Coordinator.Init(id: id), isNew: true);
                    break;
                case 1:
                    Begin(heldId, Coordinator.Init(producer, epoch, id: heldId), isNew: false);
                    break;
                case 2 or 3:
                    Coordinator.Add(producer, epoch, version: version, id: heldId, partitions: [choice % 3]);
                    break;
                case 4 or 5:
                    Begin(heldId, Coordinator.End(producer, epoch, choice % 3 != 0, version, heldId), isNew: false);
                    break;
                case 6:
                    Coordinator.WriteMarkers();
                    break;
                case 7:
                    Coordinator.Advance(choice * 700L);
                    break;
                case 8:
                    Coordinator.FailOver();
                    break;
                default:
                    NearTheEnd(id, choice);
                    break;
            }
        }

        private void Begin(string id, (ErrorCode Error, long Producer, int Epoch) given, bool isNew)
        {
            if (given.Error != ErrorCode.None)
            {
                return;
            }

            _held.Add((id, given.Producer, given.Epoch));
            if (isNew)
            {
                GivenToNew.Add((given.Producer, given.Epoch));
            }
        }

        private void NearTheEnd(string id, byte choice)
        {
            Coordinator.HasProducerIds = choice % 5 != 0;
            if (Coordinator.All.TryGetValue(id, out Transaction? now) && now.Status == TransactionStatus.Empty && now.Epoch.Value < 32760)
            {
                Coordinator.Plant(now with { Epoch = new ProducerEpoch((short)(32764 + (choice % 3))) }, id);
                _held.Add((id, Coordinator[id].Producer.Value, Coordinator[id].Epoch.Value));
            }
        }
    }
}
