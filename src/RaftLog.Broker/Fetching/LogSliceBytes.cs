using System.Buffers;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Broker.Fetching;

/// <summary>
/// A slice of a log in the place of bytes: a response carries it to the connection, which sends the files' ranges. Whoever looks at the
/// bytes themselves has them read into memory. Disposing lets go of the files.
/// </summary>
/// <param name="slice">The slice, which belongs to this object from now on.</param>
/// <param name="committed">The high watermark: records below it may be sent as pages of the file.</param>
internal sealed class LogSliceBytes(LogSlice slice, Offset committed) : MemoryManager<byte>
{
    private byte[]? _read;

    /// <inheritdoc />
    public override Memory<byte> Memory => CreateMemory(slice.Length);

    /// <summary>Adds what the connection is to send.</summary>
    public void AddTo(List<SendPiece> pieces)
    {
        for (int i = 0; i < slice.Ranges; i++)
        {
            pieces.Add(new SendPiece(slice.Range(i, committed)));
        }
    }

    /// <inheritdoc />
    public override Span<byte> GetSpan() => Read();

    /// <inheritdoc />
    public override MemoryHandle Pin(int elementIndex = 0) => Read().AsMemory(elementIndex).Pin();

    /// <inheritdoc />
    public override void Unpin()
    {
        // The handle of Pin unpins the array.
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing) => slice.Dispose();

    private byte[] Read()
    {
        if (_read is null)
        {
            _read = new byte[slice.Length];
            slice.Read(_read);
        }

        return _read;
    }
}
