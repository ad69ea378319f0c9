using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;

namespace RaftLog.Jepsen.Network;

/// <summary>
/// Finds the process that holds a TCP socket of loopback: the kernel is asked for the one socket with these two ports (sock_diag), and its
/// inode is looked for among the open files of a few processes. Cheap enough for a storm of connects, where reading the table of all
/// sockets is not. A node with many logs has thousands of open files: what was seen to be no socket is looked at last.
/// </summary>
internal static partial class SocketOwner
{
    private const int Netlink = 16;
    private const int Raw = 3;
    private const int SockDiag = 4;
    private const int HeaderBytes = 16;
    private const int RequestBytes = HeaderBytes + 56;
    private const int InodeAt = HeaderBytes + 68;
    private const byte Internet = 2;
    private const byte Tcp = 6;
    private const short ByFamily = 20;
    private const string SocketPrefix = "socket:";

    private static readonly Lock Gate = new();
    private static readonly Dictionary<int, HashSet<string>> NoSockets = [];

    /// <summary>Which of the processes holds it; 0 when none of them does, and null when nobody does any more.</summary>
    /// <param name="localPort">The socket's own port.</param>
    /// <param name="remotePort">The port that it is connected to.</param>
    /// <param name="pids">The processes; the likeliest first.</param>
    public static int? Find(int localPort, int remotePort, IEnumerable<int> pids)
    {
        uint inode = InodeOf(localPort, remotePort);
        if (inode == 0)
        {
            return null;
        }

        string link = string.Create(CultureInfo.InvariantCulture, $"{SocketPrefix}[{inode}]");
        List<int> asked = [.. pids.Where(pid => pid != 0)];
        return asked.Find(pid => Holds(pid, link, IsWorthLooking)) is not 0 and var found
            ? found
            : asked.Find(pid => Holds(pid, link, static (_, _) => true));
    }

    private static bool IsWorthLooking(int pid, string file)
    {
        lock (Gate)
        {
            return !NoSockets.TryGetValue(pid, out HashSet<string>? files) || !files.Contains(file);
        }
    }

    /// <summary>Takes note of what a file is now: its number may have been another's.</summary>
    private static void Learn(int pid, string file, string? target)
    {
        lock (Gate)
        {
            if (!NoSockets.TryGetValue(pid, out HashSet<string>? files))
            {
                NoSockets[pid] = files = [];
            }

            if (target is null || target.StartsWith(SocketPrefix, StringComparison.Ordinal))
            {
                files.Remove(file);
            }
            else
            {
                files.Add(file);
            }
        }
    }

    private static uint InodeOf(int localPort, int remotePort)
    {
        int handle = Open(Netlink, Raw, SockDiag);
        if (handle < 0)
        {
            throw new InvalidOperationException($"the kernel does not tell about sockets: error {Marshal.GetLastPInvokeError()}");
        }

        try
        {
            Span<byte> message = stackalloc byte[RequestBytes];
            message.Clear();
            BinaryPrimitives.WriteInt32LittleEndian(message, RequestBytes);
            BinaryPrimitives.WriteInt16LittleEndian(message[4..], ByFamily);
            BinaryPrimitives.WriteInt16LittleEndian(message[6..], 1);
            message[HeaderBytes] = Internet;
            message[HeaderBytes + 1] = Tcp;
            message.Slice(HeaderBytes + 4, 4).Fill(0xFF);
            Span<byte> id = message[(HeaderBytes + 8)..];
            BinaryPrimitives.WriteUInt16BigEndian(id, (ushort)localPort);
            BinaryPrimitives.WriteUInt16BigEndian(id[2..], (ushort)remotePort);
            ReadOnlySpan<byte> loopback = [127, 0, 0, 1];
            loopback.CopyTo(id[4..]);
            loopback.CopyTo(id[20..]);
            id.Slice(40, 8).Fill(0xFF);
            Span<byte> response = stackalloc byte[512];
            response.Clear();
            bool isReported =
                Send(handle, message, message.Length, 0) == message.Length
                && Receive(handle, response, response.Length, 0) >= InodeAt + sizeof(uint)
                && BinaryPrimitives.ReadInt16LittleEndian(response[4..]) == ByFamily;
            return isReported ? BinaryPrimitives.ReadUInt32LittleEndian(response[InodeAt..]) : 0;
        }
        finally
        {
            Close(handle);
        }
    }

    private static bool Holds(int pid, string link, Func<int, string, bool> isWorthLooking)
    {
        try
        {
            foreach (string file in Directory.EnumerateFiles($"/proc/{pid}/fd"))
            {
                if (isWorthLooking(pid, file))
                {
                    string? target = LinkOf(file);
                    Learn(pid, file, target);
                    if (target == link)
                    {
                        return true;
                    }
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process has ended meanwhile.
            lock (Gate)
            {
                NoSockets.Remove(pid);
            }
        }

        return false;
    }

    private static string? LinkOf(string file)
    {
        try
        {
            return new FileInfo(file).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Open(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(int handle, ReadOnlySpan<byte> bytes, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(int handle, Span<byte> bytes, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int handle);
}
