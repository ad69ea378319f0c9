using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Records;

/// <summary>
/// Reads the records of an uncompressed section one after the other, allocating nothing. Checks each record's form while reading;
/// whether the records agree with the header is <see cref="RecordWalk"/>'s question.
/// </summary>
public ref struct RecordReader
{
    private readonly ReadOnlySpan<byte> _section;
    private readonly Offset _baseOffset;
    private readonly long _baseTimestamp;
    private readonly bool _appendTime;
    private readonly int _count;
    private int _position;
    private int _read;

    /// <summary>Reads the records of <paramref name="batch"/> from their plain bytes.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="section">Its records: <see cref="RecordBatch.Section"/>, decompressed where the batch is compressed.</param>
    public RecordReader(RecordBatch batch, ReadOnlySpan<byte> section)
    {
        _section = section;
        _baseOffset = batch.BaseOffset;
        _appendTime = batch.Attributes.TimestampType == TimestampType.LogAppendTime;
        _baseTimestamp = _appendTime ? batch.MaxTimestamp : batch.BaseTimestamp;
        _count = batch.RecordCount;
    }

    /// <summary>The record of the last successful <see cref="MoveNext"/>.</summary>
    public Record Current { get; private set; }

    /// <summary>Moves to the next record; false behind the last.</summary>
    /// <exception cref="ProtocolException">The record is damaged, or the section ends before the header's record count is
    /// reached.</exception>
    public bool MoveNext()
    {
        if (_read >= _count)
        {
            return false;
        }

        RecordFault fault = RecordLayout.Read(_section, _position, out RecordLayout layout);
        if (fault != RecordFault.None)
        {
            throw new ProtocolException(
                $"record {_read} of {_count} in the batch at offset {_baseOffset} is damaged ({fault}, byte {_position})"
            );
        }

        _read++;
        _position = layout.End;
        Current = new(
            _section,
            layout,
            _baseOffset + layout.OffsetDelta,
            _appendTime ? _baseTimestamp : _baseTimestamp + layout.TimestampDelta
        );
        return true;
    }

    /// <summary>For <c>foreach</c>.</summary>
    public readonly RecordReader GetEnumerator() => this;
}
