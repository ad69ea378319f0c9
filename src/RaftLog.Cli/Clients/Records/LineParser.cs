using System.Text;
using RaftLog.Client.Produce;
using RaftLog.Protocol.Records;

namespace RaftLog.Cli.Clients.Records;

/// <summary>Makes records of lines: bytes in are bytes out.</summary>
/// <param name="keySeparator">What stands between key and value; empty when lines have no key.</param>
/// <param name="nullMarker">What stands for null, as a key or a value of its own; empty when nothing does.</param>
/// <param name="tombstone">True when a line is a key, and every value null.</param>
/// <param name="common">What every record has: headers, a partition, a key.</param>
internal sealed class LineParser(byte[] keySeparator, byte[] nullMarker, bool tombstone, ProducerRecord common)
{
    public ProducerRecord Parse(ReadOnlyMemory<byte> line)
    {
        if (tombstone)
        {
            return common with { Key = line.ToArray(), Value = null };
        }

        int split = keySeparator.Length == 0 ? -1 : line.Span.IndexOf(keySeparator);
        return split < 0
            ? common with
            {
                Value = OrNull(line),
            }
            : common with
            {
                Key = OrNull(line[..split]),
                Value = OrNull(line[(split + keySeparator.Length)..]),
            };
    }

    /// <summary>Reads headers of the form <c>name=value</c>; <c>name</c> alone has a null value.</summary>
    public static RecordHeader[] Headers(IEnumerable<string> texts) =>
        [
            .. texts
                .Select(text => text.Split('=', 2))
                .Select(parts => new RecordHeader(parts[0], parts.Length < 2 ? null : Encoding.UTF8.GetBytes(parts[1]))),
        ];

    private ReadOnlyMemory<byte>? OrNull(ReadOnlyMemory<byte> bytes) =>
        nullMarker.Length > 0 && bytes.Span.SequenceEqual(nullMarker) ? new ReadOnlyMemory<byte>?() : bytes.ToArray();
}
