using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace RaftLog.Platform;

/// <summary>
/// The calls to the C library that the .NET library lacks or gets wrong. Its own flush must not be used: on .NET 10.0 for Linux
/// <c>RandomAccess.FlushToDisk</c> and <c>FileStream.Flush(true)</c> return normally when the kernel's <c>fsync</c> fails with EIO.
/// </summary>
internal static partial class Native
{
    private const int Eintr = 4;
    private const int AllocateKeepSize = 1;
    private const int AdviceDontNeed = 4;
    private const short PollError = 8;
    private const int SendMore = 0x8000;
    private const int SendNoSignal = 0x4000;
    private const int SendWithoutWaiting = 0x40;

    /// <summary><c>fdatasync</c>: the written bytes and the length. 0, or the error; never tried again but after an interruption.</summary>
    internal static int FlushData(SafeFileHandle file)
    {
        if (OperatingSystem.IsWindows())
        {
            return FlushFileBuffers(file) ? 0 : Marshal.GetLastPInvokeError();
        }

        int error;
        do
        {
            // macOS does not declare fdatasync.
            error = (OperatingSystem.IsLinux() ? FDataSync(file) : FSync(file)) < 0 ? Marshal.GetLastPInvokeError() : 0;
        } while (error == Eintr);
        return error;
    }

    /// <summary><c>fsync</c> of a directory: the names in it. 0, or the error. Windows has no such call, and needs none on NTFS.</summary>
    internal static int FlushDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return 0;
        }

        int error = OpenDirectory(path, out SafeFileHandle directory);
        using SafeFileHandle opened = directory;
        if (error != 0)
        {
            return error;
        }

        do
        {
            error = FSync(directory) < 0 ? Marshal.GetLastPInvokeError() : 0;
        } while (error == Eintr);
        return error;
    }

    /// <summary>
    /// <c>syncfs</c>: all that was written to the file system of a directory. 0, or the error: one of any file there since the last call
    /// with the same handle (Linux 5.8 and later).
    /// </summary>
    internal static int FlushFileSystem(SafeFileHandle directory)
    {
        int error;
        do
        {
            error = SyncFileSystem(directory) < 0 ? Marshal.GetLastPInvokeError() : 0;
        } while (error == Eintr);
        return error;
    }

    /// <summary>Opens a directory, to be flushed. The handle, or the error.</summary>
    internal static int OpenDirectory(string path, out SafeFileHandle directory)
    {
        int descriptor = Open(path, OpenDirectoryFlags());
        directory = new SafeFileHandle(descriptor, ownsHandle: true);
        return descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
    }

    /// <summary><c>rename</c>: atomically in place of the target. 0, or the error.</summary>
    internal static int Rename(string source, string target) => RenameFile(source, target) < 0 ? Marshal.GetLastPInvokeError() : 0;

    /// <summary><c>posix_fadvise(DONTNEED)</c> over the whole file, where the system has it.</summary>
    internal static void DropCache(SafeFileHandle file)
    {
        if (OperatingSystem.IsLinux())
        {
            _ = Advise(file, 0, 0, AdviceDontNeed);
        }
    }

    /// <summary><c>fallocate(KEEP_SIZE)</c>, where system and file system have it.</summary>
    internal static void Reserve(SafeFileHandle file, long bytes)
    {
        if (OperatingSystem.IsLinux())
        {
            _ = Allocate(file, AllocateKeepSize, 0, bytes);
        }
    }

    /// <summary><c>getrandom</c>: fills the target from the kernel's generator; false where the kernel has no such call.</summary>
    internal static bool TryGetRandom(Span<byte> target)
    {
        while (!target.IsEmpty)
        {
            nint filled = GetRandom(target, target.Length, 0);
            if (filled < 0 && Marshal.GetLastPInvokeError() != Eintr)
            {
                return false;
            }

            target = target[(int)Math.Max(0, filled)..];
        }

        return true;
    }

    /// <summary>
    /// <c>poll</c>: true when a descriptor is a pipe or socket whose other end is gone. False where the system has no such call.
    /// </summary>
    internal static bool IsBroken(int descriptor)
    {
        if (OperatingSystem.IsWindows())
        {
            return false;
        }

        PollEntry entry = new() { Descriptor = descriptor };
        return Poll(ref entry, 1, 0) > 0 && (entry.Happened & PollError) != 0;
    }

    /// <summary>
    /// <c>sendfile</c> to a socket that does not block: the number of bytes that it took, 0 where the file ends before the position. Linux
    /// only.
    /// </summary>
    /// <param name="socket">The socket.</param>
    /// <param name="file">The file.</param>
    /// <param name="position">The first byte.</param>
    /// <param name="count">The most bytes.</param>
    /// <param name="error">0, or why nothing was taken.</param>
    internal static int SendFile(SafeHandle socket, SafeFileHandle file, long position, int count, out int error)
    {
        nint sent;
        do
        {
            sent = SendFile(socket, file, ref position, count);
            error = sent < 0 ? Marshal.GetLastPInvokeError() : 0;
        } while (error == Eintr);
        return (int)Math.Max(sent, 0);
    }

    /// <summary>
    /// <c>send</c> of bytes that more will follow at once (<c>MSG_MORE</c>), so that they share a packet: the number that the socket took,
    /// 0 when it takes none now or has failed. Linux only.
    /// </summary>
    internal static int SendBeforeMore(SafeHandle socket, ReadOnlySpan<byte> bytes) =>
        (int)Math.Max(0, Send(socket, bytes, bytes.Length, SendMore | SendNoSignal | SendWithoutWaiting));

    /// <summary><c>write</c> to standard error; what it does not take is lost.</summary>
    internal static void WriteToStandardError(ReadOnlySpan<byte> text)
    {
        if (OperatingSystem.IsWindows())
        {
            using Stream error = Console.OpenStandardError();
            error.Write(text);
            return;
        }

        const int standardError = 2;
        while (!text.IsEmpty)
        {
            nint written = Write(standardError, text, text.Length);
            if (written < 0 && Marshal.GetLastPInvokeError() != Eintr)
            {
                return;
            }

            text = text[(int)Math.Max(0, written)..];
        }
    }

    /// <summary>The most descriptors that this process may have open (<c>RLIMIT_NOFILE</c>); null where that is not known.</summary>
    internal static long? DescriptorLimit()
    {
        const int limitOfFiles = 7;
        return OperatingSystem.IsLinux() && GetLimit(limitOfFiles, out ResourceLimit limit) == 0
            ? (long)Math.Min(limit.Soft, long.MaxValue)
            : null;
    }

    /// <summary><c>_exit</c>: no finalizer, no exit handler, no flush of anything.</summary>
    internal static void ExitAtOnce(int code)
    {
        if (OperatingSystem.IsWindows())
        {
            Environment.FailFast("halted");
        }

        Exit(code);
    }

    private static int OpenDirectoryFlags()
    {
        if (!OperatingSystem.IsLinux())
        {
            return 0; // read only; the flag's value differs between systems, and a file in the directory's place only costs an fsync
        }

        const int closeOnExec = 0x80000;
        bool arm = RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64;
        return closeOnExec | (arm ? 0x4000 : 0x10000);
    }

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int SyncFileSystem(SafeFileHandle directory);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameFile(string source, string target);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle file, long offset, long length, int advice);

    [LibraryImport("libc", EntryPoint = "getrandom", SetLastError = true)]
    private static partial nint GetRandom(Span<byte> target, nint length, uint flags);

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(ref PollEntry entries, nuint count, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "sendfile", SetLastError = true)]
    private static partial nint SendFile(SafeHandle socket, SafeFileHandle file, ref long position, nint count);

    [LibraryImport("libc", EntryPoint = "send")]
    private static partial nint Send(SafeHandle socket, ReadOnlySpan<byte> bytes, nint count, int flags);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, ReadOnlySpan<byte> source, nint length);

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int GetLimit(int resource, out ResourceLimit limit);

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void Exit(int code);

    [LibraryImport("kernel32", EntryPoint = "FlushFileBuffers", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool FlushFileBuffers(SafeFileHandle file);

    [StructLayout(LayoutKind.Sequential)]
    private struct ResourceLimit
    {
        public ulong Soft;
        public ulong Hard;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Asked;
        public short Happened;
    }
}
