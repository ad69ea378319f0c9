using System.Text;
using RaftLog.Protocol;

namespace RaftLog.Storage.Tests;

public class SnapshotTests
{
    private const string Metadata = "/data/__cluster_metadata-0";

    private readonly CrashDisk _disk = new();
    private readonly Pump _pump = new();

    public SnapshotTests()
    {
        _disk.CreateDirectory(Metadata);
        _pump.Finish(() => _disk.FlushDirectoryAsync("/"));
        _pump.Finish(() => _disk.FlushDirectoryAsync("/data"));
    }

    [Fact]
    public void A_quorum_state_of_either_version_is_read_back_and_has_Kafkas_text()
    {
        var file = new QuorumStateFile(_disk, Metadata);
        Assert.Null(file.Read());
        var state = new QuorumState(new LeaderEpoch(3), new NodeId(1), NodeId.None, Uuid.Zero, [new NodeId(1)]);
        _pump.Finish(() => file.WriteAsync(state, QuorumStateVersion.StaticVoters));
        Assert.Equal(
            """{"clusterId":"","leaderId":1,"leaderEpoch":3,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":1}],"data_version":0}""",
            Encoding.UTF8.GetString(_disk.BytesOf($"{Metadata}/quorum-state"))
        );
        Assert.Equal((state.Epoch, state.Leader, state.Voted), (file.Read()!.Epoch, file.Read()!.Leader, file.Read()!.Voted));
        Assert.Equal([new NodeId(1)], file.Read()!.Voters);

        Assert.True(Uuid.TryParse("mR8WyS3dbQheB2x1G7QwOg", out Uuid directory));
        var dynamic = new QuorumState(new LeaderEpoch(9), NodeId.None, new NodeId(2), directory, []);
        _pump.Finish(() => file.WriteAsync(dynamic, QuorumStateVersion.DynamicVoters));
        Assert.Equal(
            """{"leaderId":-1,"leaderEpoch":9,"votedId":2,"votedDirectoryId":"mR8WyS3dbQheB2x1G7QwOg","data_version":1}""",
            Encoding.UTF8.GetString(_disk.BytesOf($"{Metadata}/quorum-state"))
        );
        Assert.Equal(
            (dynamic.Epoch, dynamic.Voted, dynamic.VotedDirectory),
            (file.Read()!.Epoch, file.Read()!.Voted, file.Read()!.VotedDirectory)
        );
    }

    [Fact]
    public void A_quorum_state_that_was_written_survives_the_power_going()
    {
        var file = new QuorumStateFile(_disk, Metadata);
        _pump.Finish(() => file.WriteAsync(QuorumState.Initial with { Epoch = new(1), Voted = new(5) }, QuorumStateVersion.DynamicVoters));
        _disk.LosePower(_ => 0);
        Assert.Equal(new NodeId(5), file.Read()!.Voted);
    }

    [Fact]
    public void A_damaged_quorum_state_is_an_error_that_says_what_to_do()
    {
        var file = new QuorumStateFile(_disk, Metadata);
        _pump.Finish(() => file.WriteAsync(QuorumState.Initial, QuorumStateVersion.DynamicVoters));
        foreach (
            string text in (string[])
                ["", "{", "{}", """{"data_version":7}""", """{"leaderId":1,"leaderEpoch":"x","votedId":1,"data_version":0}"""]
        )
        {
            _disk.Corrupt($"{Metadata}/quorum-state", _ => Encoding.UTF8.GetBytes(text));
            Assert.Contains("quorum-state", Assert.Throws<LogDirectoryException>(() => file.Read()).Message);
        }
    }

    [Fact]
    public void A_snapshot_exists_once_it_is_frozen_and_is_then_on_the_disk()
    {
        var store = new SnapshotStore(_disk, Metadata);
        var id = new StoredSnapshotId(new Offset(321), new LeaderEpoch(3));
        using SnapshotWriter writer = store.Begin(id);
        writer.Append("first"u8);
        writer.Append("second"u8);
        Assert.Equal((11, null), (writer.Length, store.Latest()));

        _pump.Finish(writer.FreezeAsync);
        Assert.Equal(["00000000000000000321-0000000003.checkpoint"], _disk.ListFiles(Metadata));
        _disk.LosePower(_ => 0);
        Assert.Equal(id, store.Latest());
        using Platform.IDiskFile file = store.Open(id)!;
        byte[] bytes = new byte[20];
        Assert.Equal("firstsecond", Encoding.UTF8.GetString(bytes, 0, file.Read(0, bytes)));
    }

    [Fact]
    public void Unfinished_snapshots_are_removed_and_older_ones_can_be()
    {
        var store = new SnapshotStore(_disk, Metadata);
        StoredSnapshotId[] ids = [new(new(10), new(1)), new(new(20), new(1)), new(new(20), new(2))];
        foreach (StoredSnapshotId id in ids)
        {
            using SnapshotWriter writer = store.Begin(id);
            writer.Append("x"u8);
            _pump.Finish(writer.FreezeAsync);
        }

        store.Begin(new StoredSnapshotId(new(30), new(2))).Append("torn"u8);
        using (SnapshotWriter given = store.Begin(new StoredSnapshotId(new(40), new(2))))
        {
            given.Append("given up"u8);
        }

        Assert.DoesNotContain(_disk.ListFiles(Metadata), name => name.Contains("040-", StringComparison.Ordinal));
        new SnapshotStore(_disk, Metadata).RemoveUnfinished();
        Assert.Equal(ids, store.List());
        Assert.Equal(3, _disk.ListFiles(Metadata).Count);
        store.DeleteOlderThan(ids[2]);
        Assert.Equal([ids[2]], store.List());
    }
}
