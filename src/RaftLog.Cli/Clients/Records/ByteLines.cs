namespace RaftLog.Cli.Clients.Records;

/// <summary>
/// The lines of a stream as the bytes that they are: only the line feed ends a line, and nothing is decoded. What stands behind the last
/// line feed is a line too, unless it is empty.
/// </summary>
internal sealed class ByteLines(Stream stream, int limit)
{
    private const int FirstBuffer = 1 << 16;
    private const byte LineFeed = (byte)'\n';

    private byte[] _buffer = new byte[FirstBuffer];
    private int _start;
    private int _end;
    private bool _isEnded;

    /// <summary>The number of the line that was read last, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>The next line, valid until the next call; null at the end.</summary>
    /// <exception cref="FormatException">A line is longer than the limit.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancel)
    {
        int searched = _start;
        while (true)
        {
            int at = _buffer.AsSpan(searched.._end).IndexOf(LineFeed);
            if (at >= 0)
            {
                ReadOnlyMemory<byte> line = _buffer.AsMemory(_start..(searched + at));
                _start = searched + at + 1;
                Number++;
                return line;
            }

            if (_isEnded)
            {
                if (_start == _end)
                {
                    return null;
                }

                ReadOnlyMemory<byte> last = _buffer.AsMemory(_start.._end);
                _start = _end;
                Number++;
                return last;
            }

            if (_end - _start > limit)
            {
                throw new FormatException($"line {Number + 1} is longer than {limit} bytes, the largest record that is sent");
            }

            MakeRoom();
            searched = _end;
            int read = await stream.ReadAsync(_buffer.AsMemory(_end), cancel);
            _end += read;
            _isEnded = read == 0;
        }
    }

    private void MakeRoom()
    {
        if (_end < _buffer.Length)
        {
            return;
        }

        byte[] target = _end - _start > _buffer.Length / 2 ? new byte[_buffer.Length * 2] : _buffer;
        _buffer.AsSpan(_start.._end).CopyTo(target);
        (_end, _start, _buffer) = (_end - _start, 0, target);
    }
}
