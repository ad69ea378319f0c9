using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Replication;

namespace RaftLog.Simulation.Cores;

/// <summary>
/// What the cluster's metadata says by the records that the quorum has committed, read in the order of their first commit: the truth that
/// nodes come to know later, each at its own pace.
/// </summary>
internal sealed class CommittedMetadata
{
    private readonly MetadataReplayer _replayer = new();

    private bool _isUnread;
    private bool _isUpdate;

    /// <summary>
    /// All that is committed, up to this moment: a node may learn of a commit, and act on it, within the event that makes it.
    /// </summary>
    public MetadataImage Image
    {
        get
        {
            if (_isUnread)
            {
                _isUnread = false;
                _replayer.Publish();
            }

            return _replayer.Image;
        }
    }

    public void Committed(QuorumEntry entry, long offset)
    {
        if (entry.Record is { } record)
        {
            _replayer.Replay(record, new Offset(offset), entry.Epoch);
        }
        else
        {
            _replayer.Pass(new Offset(offset), entry.Epoch);
        }

        _isUnread = true;
        _isUpdate = true;
    }

    /// <summary>True when something was committed since the last time.</summary>
    public bool TakeUpdates()
    {
        bool isUpdate = _isUpdate;
        _isUpdate = false;
        return isUpdate;
    }

    /// <summary>Who may be elected for a partition by this truth.</summary>
    public IElectable Of(string topic, int partition) => new Partition(this, topic, partition);

    private sealed class Partition(CommittedMetadata truth, string topic, int partition) : IElectable
    {
        private MetadataImage? _readAt;
        private NodeSet _inSync = NodeSet.Empty;
        private NodeSet _eligible = NodeSet.Empty;

        public NodeSet InSync
        {
            get
            {
                Read();
                return _inSync;
            }
        }

        public NodeSet Eligible
        {
            get
            {
                Read();
                return _eligible;
            }
        }

        private void Read()
        {
            if (ReferenceEquals(_readAt, truth.Image))
            {
                return;
            }

            _readAt = truth.Image;
            if (
                truth.Image.Topics.TryGet(topic, out TopicImage? image)
                && image.Partitions.TryGetValue(partition, out PartitionRegistration? found)
            )
            {
                _inSync = NodeSet.Of([.. found.Isr]);
                _eligible = NodeSet.Of([.. found.EligibleLeaders]);
            }
        }
    }
}
