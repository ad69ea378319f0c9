using FsCheck;
using FsCheck.Fluent;
using RaftLog.Coordination.Groups;
using RaftLog.Coordination.Groups.Classic;
using RaftLog.Coordination.Groups.Consumer;
using RaftLog.Coordination.Offsets;
using RaftLog.Coordination.Tests.World;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Tests.Groups;

/// <summary>
/// Random lives of groups: each number is one event, so that a failing life shrinks to a short one. After every event the whole log is
/// replayed and compared with the live state (<see cref="Shard.Input"/>).
/// </summary>
public sealed class RandomLivesTests
{
    private const int Clients = 4;
    private const int Partitions = 5;

    private static readonly HashSet<(ClassicGroupPhase, ClassicGroupPhase)> Transitions =
    [
        (ClassicGroupPhase.Empty, ClassicGroupPhase.Empty),
        (ClassicGroupPhase.Empty, ClassicGroupPhase.PreparingRebalance),
        (ClassicGroupPhase.PreparingRebalance, ClassicGroupPhase.CompletingRebalance),
        (ClassicGroupPhase.PreparingRebalance, ClassicGroupPhase.Empty),
        (ClassicGroupPhase.CompletingRebalance, ClassicGroupPhase.PreparingRebalance),
        (ClassicGroupPhase.CompletingRebalance, ClassicGroupPhase.Stable),
        (ClassicGroupPhase.Stable, ClassicGroupPhase.PreparingRebalance),
        (ClassicGroupPhase.Stable, ClassicGroupPhase.Stable),
    ];

    [Property(60, EndSize = 40)]
    public Property Consumer_groups_never_have_two_owners_of_a_partition_and_converge() =>
        ForAllLives(life =>
        {
            Shard shard = new();
            shard.Topics.Add("t", Partitions);
            ConsumerClient[] clients =
            [
                .. Enumerable.Range(0, Clients).Select(i => new ConsumerClient(shard, "g", $"m{i}", i == 0 ? "static" : null)),
            ];
            int partitions = Partitions;
            foreach (int number in life)
            {
                ConsumerClient client = clients[number % Clients];
                switch (number / Clients % 10)
                {
                    case 0 or 1:
                        client.Join();
                        break;
                    case 2 or 3:
                        client.Beat();
                        break;
                    case 4:
                        client.BeatOnly();
                        break;
                    case 5:
                        client.Leave(client == clients[0] && number % 3 == 0 ? -2 : -1);
                        break;
                    case 6:
                        shard.Pass(number % 7 * 400);
                        break;
                    case 7:
                        shard.Pass(number % 5 * 11_000);
                        break;
                    case 8:
                        shard.FailOver();
                        break;
                    default:
                        shard.Topics.Change("t", partitions = Partitions + (number % 3));
                        break;
                }

                MustHaveOneOwner(shard);
            }

            ConsumerClient[] alive = clients[1..];
            foreach (ConsumerClient client in alive)
            {
                client.Join();
            }

            clients[0].Join();
            clients[0].Leave();
            for (int round = 0; round < 12; round++)
            {
                shard.Pass(1_000);
                foreach (ConsumerClient client in alive)
                {
                    Assert.Equal(ErrorCode.None, client.Beat().ErrorCode);
                    MustHaveOneOwner(shard);
                }
            }

            Assert.True(shard.State.Groups.TryFind("g", out ConsumerGroup? group));
            Assert.Equal("Stable", group.StateName);
            List<string> owned = [.. alive.SelectMany(client => client.Owned).Order(StringComparer.Ordinal)];
            Assert.Equal(Enumerable.Range(0, partitions).Select(partition => $"t-{partition}"), owned);
        });

    [Property(60, EndSize = 40)]
    public Property Classic_groups_keep_to_their_transitions_and_converge() =>
        ForAllLives(life =>
        {
            Shard shard = new();
            shard.Topics.Add("t", Partitions);
            ClassicClient[] clients =
            [
                .. Enumerable.Range(0, Clients).Select(i => new ClassicClient(shard, "g", i == 0 ? "static" : null)),
            ];
            long[] joins = new long[Clients];
            foreach (int number in life)
            {
                int index = number % Clients;
                ClassicClient client = clients[index];
                switch (number / Clients % 10)
                {
                    case 0 or 1 or 2:
                        joins[index] = client.Join();
                        break;
                    case 3:
                        Take(shard, client, joins[index]);
                        break;
                    case 4 or 5:
                        Take(shard, client, joins[index]);
                        client.Sync([
                            .. clients.Where(each => each.MemberId.Length > 0).Select(each => (each.MemberId, new byte[] { (byte)number })),
                        ]);
                        break;
                    case 6:
                        client.Heartbeat();
                        client.Commit("t", index, number);
                        break;
                    case 7:
                        client.Leave();
                        break;
                    case 8:
                        shard.Pass(number % 11 * 1_500);
                        break;
                    default:
                        shard.FailOver();
                        joins = new long[Clients];
                        break;
                }

                MustBeInTheTable(shard);
            }

            for (
                int round = 0;
                round < 40 && !(shard.State.Groups.TryFind("g", out ClassicGroup? group) && IsShared(group, clients));
                round++
            )
            {
                Rejoin(shard, clients, joins);
                MustBeInTheTable(shard);
            }

            Assert.True(shard.State.Groups.TryFind("g", out ClassicGroup? end));
            Assert.True(IsShared(end, clients), $"after 40 rounds the group is {end.StateName} with {end.Members.Count} members");
            Assert.Equal(Clients, end.Stored!.Members.Count);
        });

    [Property(60, EndSize = 40)]
    public Property Commits_and_transactions_end_as_in_a_plain_model() =>
        ForAllLives(life =>
        {
            Shard shard = new();
            shard.Topics.Add("t", Partitions);
            Dictionary<int, (long Offset, long At)> committed = [];
            Dictionary<(long Producer, int Partition), (long Offset, long At)> staged = [];
            long at = 0;
            foreach (int number in life)
            {
                int partition = number % Partitions;
                long producer = number % 3;
                at++;
                switch (number / Partitions % 7)
                {
                    case 0 or 1:
                        Assert.Equal(ErrorCode.None, shard.Commit("g", "t", partition, number));
                        committed[partition] = (number, at);
                        break;
                    case 2 or 3:
                        Assert.Equal(ErrorCode.None, shard.CommitInTransaction(producer, "g", "t", partition, number));
                        staged[(producer, partition)] = (number, at);
                        break;
                    case 4:
                        End(producer, isCommit: number % 2 == 0);
                        break;
                    case 5:
                        shard.FailOver();
                        break;
                    default:
                        shard.Pass(8L * 24 * 60 * 60 * 1000);
                        foreach (int expired in committed.Keys.Where(each => staged.Keys.All(key => key.Partition != each)).ToList())
                        {
                            committed.Remove(expired);
                        }

                        break;
                }

                for (int each = 0; each < Partitions; each++)
                {
                    bool isStaged = staged.Keys.Any(key => key.Partition == each);
                    Assert.Equal(
                        committed.TryGetValue(each, out (long Offset, long) own) ? own.Offset : -1,
                        shard.Fetch("g", "t", each).Offset
                    );
                    Assert.Equal(
                        isStaged ? ErrorCode.UnstableOffsetCommit : ErrorCode.None,
                        shard.Fetch("g", "t", each, requireStable: true).Error
                    );
                }
            }

            void End(long producer, bool isCommit)
            {
                shard.Mark(producer, isCommit);
                foreach (
                    ((long, int Partition) key, (long Offset, long At) own) in staged.Where(each => each.Key.Producer == producer).ToList()
                )
                {
                    staged.Remove(key);
                    if (isCommit && (!committed.TryGetValue(key.Partition, out (long, long At) present) || present.At < own.At))
                    {
                        committed[key.Partition] = own;
                    }
                }
            }
        });

    private static Property ForAllLives(Action<int[]> live) => Prop.ForAll(Gen.Choose(0, 9_999).ArrayOf().ToArbitrary(), live);

    private static void MustHaveOneOwner(Shard shard)
    {
        if (shard.State.Groups.TryFind("g", out ConsumerGroup? group))
        {
            HashSet<TopicIdPartition> seen = [];
            Assert.All(
                group.Members.Values.SelectMany(member => member.Assigned.Concat(member.PendingRevocation)),
                owned => Assert.True(seen.Add(owned.Partition), $"{owned.Partition} has two owners")
            );
        }
    }

    private static void MustBeInTheTable(Shard shard)
    {
        if (shard.State.Groups.TryFind("g", out ClassicGroup? group))
        {
            Assert.Contains((group.PreviousPhase, group.Phase), Transitions);
        }
    }

    private static void Take(Shard shard, ClassicClient client, long join)
    {
        if (join != 0 && shard.HasResponse(join))
        {
            client.Joined(join);
        }
    }

    private static bool IsShared(ClassicGroup group, ClassicClient[] clients) =>
        group.Phase == ClassicGroupPhase.Stable && clients.All(client => client.Heartbeat() == ErrorCode.None);

    /// <summary>
    /// What a consumer does that has lost its way: it joins, asks for its work, and forgets an id that is not known any more.
    /// </summary>
    private static void Rejoin(Shard shard, ClassicClient[] clients, long[] joins)
    {
        for (int i = 0; i < clients.Length; i++)
        {
            ErrorCode error = clients[i].MemberId.Length == 0 ? ErrorCode.UnknownMemberId : clients[i].Heartbeat();
            if (error is ErrorCode.UnknownMemberId or ErrorCode.FencedInstanceId)
            {
                clients[i].MemberId = "";
            }

            joins[i] = clients[i].Join();
        }

        shard.Pass(3_500);
        for (int i = 0; i < clients.Length; i++)
        {
            Take(shard, clients[i], joins[i]);
            clients[i].Sync([.. clients.Where(each => each.MemberId.Length > 0).Select(each => (each.MemberId, new byte[] { 1 }))]);
        }
    }
}
