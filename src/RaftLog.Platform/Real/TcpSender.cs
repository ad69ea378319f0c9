using System.Buffers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RaftLog.Protocol;

namespace RaftLog.Platform;

/// <summary>
/// Sends pieces over one socket, one send at a time. Memory goes out where it lies, many pieces in a system call. Ranges of files go from
/// the page cache to the socket (<c>sendfile</c>) where they may, and else through one small buffer that lives while it is used. Allocates
/// nothing in steady state.
/// </summary>
internal sealed class TcpSender(Socket socket) : IDisposable
{
    /// <summary>Pieces in one system call; Linux takes 1024.</summary>
    private const int MaxGather = 512;

    /// <summary>Bytes in one system call, so that <see cref="BytesSent"/> shows whether the peer takes anything.</summary>
    private const int MaxStep = 256 << 10;

    /// <summary>The buffer that ranges are read into.</summary>
    private const int CopyBytes = 64 << 10;

    /// <summary>What is copied when the socket takes no more of a file: little, as every peer that does not read holds as much.</summary>
    private const int BlockedBytes = 4 << 10;

    /// <summary>Below it a copy costs less than a system call of its own.</summary>
    private const int LeastSendFile = 16 << 10;

    private const int WouldBlock = 11;
    private const int IoError = 5;
    private const int BadDescriptor = 9;
    private const int InvalidArgument = 22;
    private const int NotImplemented = 38;
    private const int NotSupported = 95;

    private static bool s_hasSendFile = OperatingSystem.IsLinux();

    private readonly List<ArraySegment<byte>> _gathered = [];
    private GatherSend? _gather;
    private byte[] _copy = [];
    private long _sent;

    // Where the send under way is: the next piece, and how much of it is sent.
    private int _piece;
    private int _offset;

    /// <summary>The bytes that the kernel has taken. May be read from any thread.</summary>
    internal long BytesSent => Volatile.Read(ref _sent);

    public void Dispose() => _gather?.Dispose();

    /// <summary>Sends all pieces.</summary>
    /// <exception cref="SocketException">The connection has ended.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal async ValueTask SendAsync(IReadOnlyList<SendPiece> pieces)
    {
        _piece = 0;
        _offset = 0;
        try
        {
            while (_piece < pieces.Count)
            {
                int bytes = Gather(pieces);
                if (bytes > 0)
                {
                    await SendGatheredAsync(bytes, isMoreToCome: _piece < pieces.Count);
                }
                else if (_piece < pieces.Count)
                {
                    await SendFileAsync(pieces[_piece].Range);
                    _piece++;
                }
            }
        }
        finally
        {
            _gathered.Clear();
            GiveBack();
        }
    }

    private static bool GoesBySendFile(in SendPiece piece) =>
        piece.IsRange && piece.Range.IsShared && piece.Length >= LeastSendFile && s_hasSendFile;

    /// <summary>
    /// Gathers what goes into the next system call, and moves on; 0 bytes when the next piece goes by <c>sendfile</c>, or there is none.
    /// </summary>
    private int Gather(IReadOnlyList<SendPiece> pieces)
    {
        _gathered.Clear();
        int bytes = 0;
        int copied = 0;
        while (_piece < pieces.Count && _gathered.Count < MaxGather && bytes < MaxStep)
        {
            SendPiece piece = pieces[_piece];
            if (_offset == 0 && GoesBySendFile(piece))
            {
                break;
            }

            int length = Math.Min(piece.Length - _offset, MaxStep - bytes);
            if (piece.IsRange)
            {
                length = Math.Min(length, CopyBytes - copied);
                if (length == 0)
                {
                    break;
                }

                Borrow(CopyBytes);
                piece.CopyTo(_offset, _copy.AsSpan(copied, length));
                _gathered.Add(new ArraySegment<byte>(_copy, copied, length));
                copied += length;
            }
            else if (length > 0)
            {
                ReadOnlyMemory<byte> memory = piece.Memory.Slice(_offset, length);
                _gathered.Add(MemoryMarshal.TryGetArray(memory, out ArraySegment<byte> segment) ? segment : memory.ToArray());
            }

            bytes += length;
            _offset += length;
            if (_offset == piece.Length)
            {
                _piece++;
                _offset = 0;
            }
        }

        return bytes;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendGatheredAsync(int bytes, bool isMoreToCome)
    {
        if (_gathered.Count == 1)
        {
            ArraySegment<byte> only = _gathered[0];
            int taken = isMoreToCome && s_hasSendFile ? Native.SendBeforeMore(socket.SafeHandle, only) : 0;
            Count(taken);
            await SendCountedAsync(only.AsMemory(taken));
            return;
        }

        _gather ??= new GatherSend();
        await _gather.SendAsync(socket, _gathered);
        Count(bytes);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendCountedAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int taken = await socket.SendAsync(bytes, SocketFlags.None);
            Count(taken);
            bytes = bytes[taken..];
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendFileAsync(FileRange range)
    {
        int done = 0;
        while (done < range.Length)
        {
            done += SendFile(range, done, out int toCopy);
            int length = Math.Min(toCopy, range.Length - done);
            if (length > 0)
            {
                Borrow(length);
                range.Read(done, _copy.AsSpan(0, length));
                await SendCountedAsync(_copy.AsMemory(0, length));
                GiveBack();
                done += length;
            }
        }
    }

    /// <summary>
    /// One <c>sendfile</c>; then how much is to be copied, because the socket takes nothing now, or cannot take it in this way. .NET tells
    /// that a socket takes bytes again only by sending some: the next few are copied, and that send waits.
    /// </summary>
    private int SendFile(in FileRange range, int done, out int toCopy)
    {
        range.RequireIntact();
        toCopy = CopyBytes;
        using FileLease lease = range.File.Lease();
        if (!s_hasSendFile || lease.File is not LinuxDiskFile file)
        {
            return 0;
        }

        int taken;
        int error;
        try
        {
            int step = Math.Min(range.Length - done, MaxStep);
            taken = Native.SendFile(socket.SafeHandle, file.Handle, range.Position + done, step, out error);
        }
        catch (ObjectDisposedException) when (!socket.SafeHandle.IsClosed)
        {
            throw new DiskException(range.File.Path, DiskErrorKind.NotFound, "sendfile", "the file is closed");
        }

        Count(taken);
        range.RequireIntact();
        toCopy = error == WouldBlock ? BlockedBytes : 0;
        switch (error)
        {
            case 0 when taken == 0:
                throw FileRangeException.Short(range);
            case 0 or WouldBlock:
                return taken;
            case InvalidArgument or NotImplemented or NotSupported:
                // A file system without it. All bytes are copied from now on.
                s_hasSendFile = false;
                toCopy = CopyBytes;
                return taken;
            case IoError:
                range.Guard.ReadFailed();
                throw DiskErrors.From(range.File.Path, "sendfile", error);
            case BadDescriptor:
                throw new ObjectDisposedException(nameof(Socket));
            default:
                throw new SocketException((int)SocketError.ConnectionReset);
        }
    }

    private void Count(int taken) => Volatile.Write(ref _sent, _sent + taken);

    private void Borrow(int length)
    {
        if (_copy.Length < length)
        {
            GiveBack();
            _copy = ArrayPool<byte>.Shared.Rent(length);
        }
    }

    private void GiveBack()
    {
        if (_copy.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_copy);
            _copy = [];
        }
    }
}
