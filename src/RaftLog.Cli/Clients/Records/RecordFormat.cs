using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using RaftLog.Client.Consume;
using RaftLog.Protocol.Records;

namespace RaftLog.Cli.Clients.Records;

/// <summary>
/// How records are shown: a format string as kcat has it, made ready once. <c>%s</c> value, <c>%S</c> its length (-1 for null), <c>%k</c>
/// key, <c>%K</c> its length, <c>%h</c> headers as <c>name=value</c> with commas, <c>%t</c> topic, <c>%p</c> partition, <c>%o</c> offset,
/// <c>%T</c> timestamp in ms, <c>%R</c> the value's length as four bytes, <c>%%</c>, and the escapes of <see cref="Escapes"/>.
/// </summary>
internal sealed class RecordFormat
{
    private const string Fields = "sSkKhtpoTR%";

    private readonly List<(byte[] Text, char Field)> _parts = [];
    private readonly byte[] _null;

    private RecordFormat(byte[] nullMarker)
    {
        _null = nullMarker;
    }

    /// <summary>Reads a format string.</summary>
    /// <param name="format">The text.</param>
    /// <param name="nullMarker">What is shown for a null key or value.</param>
    /// <exception cref="FormatException">It has a field that does not exist, or none at all.</exception>
    public static RecordFormat Parse(string format, byte[] nullMarker)
    {
        RecordFormat parsed = new(nullMarker);
        int start = 0;
        int at;
        while ((at = format.IndexOf('%', start)) >= 0)
        {
            char field = at + 1 < format.Length ? format[at + 1] : ' ';
            if (!Fields.Contains(field))
            {
                throw new FormatException(
                    $"'{format}' has the field '%{field}', which does not exist; there are %{string.Join(" %", Fields.ToCharArray())}"
                );
            }

            parsed._parts.Add((Escapes.Read(format[start..at]), field));
            start = at + 2;
        }

        if (!parsed._parts.Exists(part => part.Field != '%'))
        {
            throw new FormatException($"'{format}' shows nothing of a record; write text, json, or a string with fields as '%k=%s\\n'");
        }

        parsed._parts.Add((Escapes.Read(format[start..]), ' '));
        return parsed;
    }

    /// <summary>Appends a record.</summary>
    public void Write(RecordView record, MemoryStream target)
    {
        foreach ((byte[] text, char field) in _parts)
        {
            target.Write(text);
            switch (field)
            {
                case 's':
                    WriteBytes(record.Value, target);
                    break;
                case 'k':
                    WriteBytes(record.Key, target);
                    break;
                case 'S':
                    WriteNumber(LengthOf(record.Value), target);
                    break;
                case 'K':
                    WriteNumber(LengthOf(record.Key), target);
                    break;
                case 'R':
                    WriteBinary(LengthOf(record.Value), target);
                    break;
                case 'h':
                    WriteHeaders(record.Headers, target);
                    break;
                case 't':
                    target.Write(Encoding.UTF8.GetBytes(record.Partition.Topic));
                    break;
                case 'p':
                    WriteNumber(record.Partition.Partition, target);
                    break;
                case 'o':
                    WriteNumber(record.Offset.Value, target);
                    break;
                case 'T':
                    WriteNumber(record.TimestampMs, target);
                    break;
                case '%':
                    target.WriteByte((byte)'%');
                    break;
            }
        }
    }

    private static int LengthOf(NullableBytes bytes) => bytes.IsNull ? -1 : bytes.Span.Length;

    private void WriteBytes(NullableBytes bytes, MemoryStream target) => target.Write(bytes.IsNull ? _null : bytes.Span);

    private void WriteHeaders(RecordHeaders headers, MemoryStream target)
    {
        bool isFirst = true;
        foreach (RecordHeaders header in headers)
        {
            if (!isFirst)
            {
                target.WriteByte((byte)',');
            }

            isFirst = false;
            target.Write(header.Key);
            target.WriteByte((byte)'=');
            WriteBytes(header.Value, target);
        }
    }

    private static void WriteBinary(int number, MemoryStream target)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        target.Write(bytes);
    }

    private static void WriteNumber(long number, MemoryStream target) =>
        target.Write(Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)));
}
