using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Quorum;

/// <summary>
/// The bytes of a metadata snapshot, and of <c>bootstrap.checkpoint</c>: a header control batch, batches of metadata records, a footer
/// control batch (KIP-630).
/// </summary>
internal static class SnapshotContent
{
    private const int RecordsPerBatch = 1000;
    private const short Version = 0;

    /// <summary>The pieces of a snapshot in order, to be written one after the other.</summary>
    /// <param name="records">The metadata records.</param>
    /// <param name="level">The level that decides their versions.</param>
    /// <param name="epoch">The epoch of the snapshot.</param>
    /// <param name="timestampMs">The time to write into the batches.</param>
    public static IEnumerable<byte[]> Pieces(
        IEnumerable<IMetadataRecord> records,
        MetadataVersion level,
        LeaderEpoch epoch,
        long timestampMs
    )
    {
        long next = 0;
        yield return Place(
            Control(
                ControlRecordType.SnapshotHeader,
                new SnapshotHeaderRecord { Version = Version, LastContainedLogTimestamp = timestampMs },
                timestampMs
            ),
            epoch,
            ref next
        );
        foreach (IMetadataRecord[] chunk in records.Chunk(RecordsPerBatch))
        {
            yield return Place(MetadataBatches.Records(chunk, level, timestampMs), epoch, ref next);
        }

        yield return Place(
            Control(ControlRecordType.SnapshotFooter, new SnapshotFooterRecord { Version = Version }, timestampMs),
            epoch,
            ref next
        );
    }

    /// <summary>The metadata records of a snapshot; null when the bytes are not a whole, sound snapshot.</summary>
    public static List<IMetadataRecord>? Read(ReadOnlyMemory<byte> bytes)
    {
        List<IMetadataRecord> records = [];
        bool hasFooter = false;
        RecordBatches batches = new(bytes.Span);
        while (batches.MoveNext())
        {
            RecordBatch batch = batches.Current;
            if (!batch.HasValidChecksum || hasFooter)
            {
                return null;
            }

            using RecordSection section = RecordSection.Open(batch, MetadataBatches.MaxBatchBytes);
            foreach (Record record in section)
            {
                if (!batch.Attributes.IsControl)
                {
                    records.Add(MetadataRecordCodec.Read(record.Value.ToArray()));
                }
                else if (ControlRecordKey.TryRead(record.Key, out ControlRecordKey key) && key.Type == ControlRecordType.SnapshotFooter)
                {
                    hasFooter = true;
                }
            }
        }

        return hasFooter && batches.Position == bytes.Length ? records : null;
    }

    private static byte[] Control(ControlRecordType type, IMessage message, long timestampMs)
    {
        WireWriter writer = new();
        message.Write(writer, Version);
        using RecordBatchBuilder builder = new(new RecordBatchOptions(MetadataBatches.MaxBatchBytes));
        builder.TryAppendControl(timestampMs, type, writer.ToArray());
        return builder.Seal().ToArray();
    }

    private static byte[] Place(byte[] batch, LeaderEpoch epoch, ref long next)
    {
        MutableRecordBatch.Read(batch, out MutableRecordBatch placed);
        placed.Assign(new Offset(next), epoch);
        next = placed.Batch.NextOffset.Value;
        return batch;
    }
}
