using System.Text;
using RaftLog.Protocol.Records;

namespace RaftLog.Simulation;

/// <summary>A record as it stands in the image of a compacted log.</summary>
/// <param name="Offset">Where.</param>
/// <param name="Key">Its key, byte for byte as Latin 1.</param>
/// <param name="Value">Its value in the same form; null for a tombstone.</param>
internal readonly record struct ImageRecord(long Offset, string Key, string? Value)
{
    private const int MostBytes = 1 << 20;

    /// <summary>The records of a whole batch; of a control batch none.</summary>
    internal static ImageRecord[] Of(RecordBatch batch)
    {
        if (batch.Attributes.IsControl)
        {
            return [];
        }

        List<ImageRecord> records = [];
        using RecordSection section = RecordSection.Open(batch, MostBytes);
        foreach (Record record in section)
        {
            string? value = record.Value.IsNull ? null : Encoding.Latin1.GetString(record.Value.Span);
            records.Add(new ImageRecord(record.Offset.Value, Encoding.Latin1.GetString(record.Key.Span), value));
        }

        return [.. records];
    }
}
