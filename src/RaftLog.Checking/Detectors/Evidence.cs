using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>A history and what several detectors need of it, built once.</summary>
internal sealed class Evidence
{
    private readonly Dictionary<TopicPartition, DenseIndex> _indexes = [];

    internal Evidence(History history)
    {
        History = history;
        foreach (SentRecord sent in history.Sends)
        {
            Writers[sent.Value] = sent;
        }

        Log = new FinalLog(history.Final);
        foreach (IGrouping<TopicPartition, SeenRecord> records in history.Final.Concat(history.Seen).GroupBy(each => each.Partition))
        {
            _indexes.Add(records.Key, new DenseIndex(records.Select(each => each.Offset)));
        }
    }

    internal History History { get; }

    /// <summary>Who sent a value.</summary>
    internal Dictionary<RecordValue, SentRecord> Writers { get; } = [];

    internal FinalLog Log { get; }

    /// <summary>
    /// The offsets of a partition at which anybody has found a record, without holes: markers and aborted batches take offsets too. Null
    /// for a partition in which nobody has found any.
    /// </summary>
    internal DenseIndex? IndexOf(TopicPartition partition) => _indexes.GetValueOrDefault(partition);

    internal bool IsControl(RecordValue value) => Writers.TryGetValue(value, out SentRecord? sent) && sent.IsControl;
}
