using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;
using RaftLog.Storage;

namespace RaftLog.Broker.Quorum;

/// <summary>
/// Reads the committed part of the metadata log into images, in the quorum's event loop. Everything that this node believes comes through
/// here, on a leader as on a follower and after a restart.
/// </summary>
internal sealed class MetadataLoader(PartitionLog log, Action<MetadataUpdate> publish)
{
    private const int ReadBytes = 1024 * 1024;

    private readonly MetadataReader _reader = new(log);
    private readonly MetadataReplayer _replayer = new();
    private byte[] _buffer = new byte[ReadBytes];

    /// <summary>The latest image.</summary>
    public MetadataImage Image => _replayer.Image;

    /// <summary>The offset of the next record to read.</summary>
    public Offset Position => _replayer.Position.LastOffset + 1;

    /// <summary>True when the committed log ends inside a metadata transaction.</summary>
    public bool InTransaction => _replayer.InTransaction;

    /// <summary>Reads on to the high watermark and publishes what is new.</summary>
    public void Advance(Offset highWatermark)
    {
        if (Position >= highWatermark)
        {
            return;
        }

        while (Position < highWatermark && ReadSome(highWatermark)) { }

        publish(_replayer.Publish());
    }

    /// <summary>Replaces everything by a snapshot's records.</summary>
    public void Load(IEnumerable<IMetadataRecord> records, MetadataProvenance provenance) => publish(_replayer.Load(records, provenance));

    private bool ReadSome(Offset highWatermark)
    {
        int length = _reader.Read(Position, highWatermark, ReadBytes, ref _buffer);
        RecordBatches batches = new(_buffer.AsSpan(0, length));
        while (batches.MoveNext())
        {
            Replay(batches.Current);
        }

        return length > 0;
    }

    private void Replay(RecordBatch batch)
    {
        if (batch.Attributes.IsControl)
        {
            if (batch.LastOffset >= Position)
            {
                _replayer.Pass(batch.LastOffset, batch.PartitionLeaderEpoch);
            }

            return;
        }

        using RecordSection section = RecordSection.Open(batch, MetadataBatches.MaxBatchBytes);
        foreach (Record record in section)
        {
            if (record.Offset >= Position)
            {
                _replayer.Replay(MetadataRecordCodec.Read(record.Value.ToArray()), record.Offset, batch.PartitionLeaderEpoch);
            }
        }
    }
}
