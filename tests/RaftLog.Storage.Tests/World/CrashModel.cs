using RaftLog.Protocol;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

/// <summary>
/// What was written to a log that crashes: what must be there afterwards, because somebody was told that it is durable, and what may be.
/// </summary>
internal sealed class CrashModel
{
    private readonly Dictionary<(int Epoch, long Offset), string> _ever = [];
    private List<(long Offset, int Epoch, string Value)> _kept = [];

    /// <summary>The leader epoch of what is written now.</summary>
    public LeaderEpoch Epoch { get; private set; } = new(0);

    /// <summary>Everything below it has counted as durable.</summary>
    public Offset Promised { get; private set; }

    /// <summary>How many values were made; each is another.</summary>
    public int Written { get; private set; }

    /// <summary>A value that no other record has.</summary>
    public string NextValue() => $"value {Written++}";

    /// <summary>Appends one record, which may be there from now on, and must be once it was promised; true when it was taken.</summary>
    public bool Append(PartitionLog log, string value, Func<AppendResult> append)
    {
        long offset = log.EndOffset.Value;
        _ever[(Epoch.Value, offset)] = value;
        bool isTaken = append().IsAccepted;
        if (isTaken)
        {
            _kept.Add((offset, Epoch.Value, value));
        }

        return isTaken;
    }

    /// <summary>What lies below an offset has counted.</summary>
    public void Promise(Offset upTo) => Promised = Offset.Max(Promised, upTo);

    /// <summary>A new leader truncates the log, as nobody needs what goes any more.</summary>
    public void Truncate(PartitionLog log, Offset offset)
    {
        Promised = Offset.Min(Promised, offset);
        NextEpoch();
        log.TruncateTo(offset);
        _kept.RemoveAll(record => record.Offset >= offset.Value);
    }

    /// <summary>Whoever writes to the log from now on has a new epoch.</summary>
    public void NextEpoch() => Epoch = new LeaderEpoch(Epoch.Value + 1);

    /// <summary>What a log holds now is all that was written.</summary>
    public void TakeOver(PartitionLog log) => _kept = Records(log);

    /// <summary>Compares the model with what a log holds.</summary>
    /// <param name="log">The log.</param>
    /// <param name="where">Says which crash it was.</param>
    /// <returns>The records.</returns>
    public List<(long Offset, int Epoch, string Value)> Check(PartitionLog log, string where)
    {
        Assert.True(log.EndOffset >= Promised, $"{where}: {Promised} was promised, and the log ends at {log.EndOffset}");
        List<(long Offset, int Epoch, string Value)> found = Records(log);
        Assert.Equal(
            _kept.Where(record => record.Offset >= log.StartOffset.Value && record.Offset < Promised.Value),
            found.Where(record => record.Offset < Promised.Value)
        );
        long next = log.StartOffset.Value;
        int epoch = 0;
        foreach ((long Offset, int Epoch, string Value) record in found)
        {
            Assert.Equal(next++, record.Offset);
            Assert.Equal(_ever[(record.Epoch, record.Offset)], record.Value);
            Assert.True(record.Epoch >= epoch, where);
            epoch = record.Epoch;
        }

        Assert.Equal(log.EndOffset.Value, next);
        return found;
    }
}
