using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Wire;

namespace RaftLog.Metadata;

/// <summary>
/// One node's reading of the committed metadata log, from the first record or a snapshot on. Replay, then publish; what lies in a metadata
/// transaction is not published before its end, and an aborted one leaves no trace (KIP-866).
/// </summary>
/// <remarks>Feed it committed records only, in order: an image is never taken back.</remarks>
public sealed class MetadataReplayer
{
    /// <summary>The most records in one metadata transaction; a longer one stops the node, because its memory has no other bound.</summary>
    public const int MaxTransactionRecords = 1 << 24;

    private MetadataDelta _delta;
    private MetadataProvenance _settled;
    private List<IMetadataRecord>? _transaction;

    /// <summary>Begins from an image, by default with the first record.</summary>
    public MetadataReplayer(MetadataImage? image = null)
    {
        Image = image ?? MetadataImage.Empty;
        Position = Image.Provenance;
        _settled = Position;
        _delta = new MetadataDelta(Image);
    }

    /// <summary>What was last published.</summary>
    public MetadataImage Image { get; private set; }

    /// <summary>The position of the last replayed record, published or not.</summary>
    public MetadataProvenance Position { get; private set; }

    /// <summary>True between the beginning and the end of a metadata transaction: a new controller has to abort it.</summary>
    public bool InTransaction => _transaction is not null;

    /// <summary>Replays the record at an offset.</summary>
    /// <exception cref="InvariantException">The offset is not a later one, or the record contradicts what is believed.</exception>
    public void Replay(IMetadataRecord record, Offset offset, LeaderEpoch epoch)
    {
        Invariant.Holds(offset > Position.LastOffset, "M-09", $"record {offset} is replayed after {Position.LastOffset}");
        Invariant.Holds(epoch >= Position.LastEpoch, "M-09", $"epoch {epoch} is replayed after {Position.LastEpoch}");
        switch (record)
        {
            case BeginTransactionRecord:
                Invariant.Holds(!InTransaction, "M-10", $"a transaction begins at {offset} inside another one");
                _transaction = [];
                break;
            case EndTransactionRecord:
                Invariant.Holds(_transaction is not null, "M-10", $"a transaction that never began ends at {offset}");
                _transaction.ForEach(_delta.Replay);
                _transaction = null;
                break;
            case AbortTransactionRecord:
                Invariant.Holds(InTransaction, "M-10", $"a transaction that never began is aborted at {offset}");
                _transaction = null;
                break;
            default:
                ReplayOrDefer(record);
                break;
        }

        Advance(offset, epoch);
    }

    /// <summary>Passes what is no metadata record: the quorum's control records.</summary>
    /// <exception cref="InvariantException">The offset is not a later one.</exception>
    public void Pass(Offset offset, LeaderEpoch epoch)
    {
        Invariant.Holds(offset > Position.LastOffset, "M-09", $"record {offset} is passed after {Position.LastOffset}");
        Advance(offset, epoch);
    }

    /// <summary>Makes everything replayed the current image, up to before a transaction that is still open.</summary>
    public MetadataUpdate Publish()
    {
        MetadataUpdate update = _delta.Apply(_settled);
        Image = update.Image;
        _delta = new MetadataDelta(Image);
        return update;
    }

    /// <summary>Replaces all belief by a snapshot's records, and publishes.</summary>
    /// <param name="records">All data records of the snapshot, in order.</param>
    /// <param name="provenance">The position of the last record that the snapshot stands for.</param>
    public MetadataUpdate Load(IEnumerable<IMetadataRecord> records, MetadataProvenance provenance)
    {
        Invariant.Holds(
            provenance.LastOffset >= Image.Provenance.LastOffset,
            "M-09",
            $"a snapshot at {provenance.LastOffset} would take {Image.Provenance.LastOffset} back"
        );
        MetadataDelta whole = new(MetadataImage.Empty);
        foreach (IMetadataRecord record in records)
        {
            whole.Replay(record);
        }

        MetadataImage before = Image;
        Image = whole.Apply(provenance).Image;
        Position = provenance;
        _settled = provenance;
        _transaction = null;
        _delta = new MetadataDelta(Image);
        return new MetadataUpdate(Image, MetadataChanges.Between(before, Image));
    }

    private void ReplayOrDefer(IMetadataRecord record)
    {
        if (_transaction is null)
        {
            _delta.Replay(record);
            return;
        }

        Invariant.Holds(
            _transaction.Count < MaxTransactionRecords,
            "M-11",
            $"a metadata transaction has more than {MaxTransactionRecords} records"
        );
        _transaction.Add(MetadataRecordCodec.Copy(record));
    }

    private void Advance(Offset offset, LeaderEpoch epoch)
    {
        Position = new MetadataProvenance(offset, epoch);
        if (!InTransaction)
        {
            _settled = Position;
        }
    }
}
