using System.Runtime.InteropServices;

namespace RaftLog.Platform;

/// <summary>Turns what the system says into <see cref="DiskException"/>.</summary>
internal static class DiskErrors
{
    private const int Enoent = 2;
    private const int Eperm = 1;
    private const int Eacces = 13;
    private const int Enfile = 23;
    private const int Emfile = 24;
    private const int Enospc = 28;
    private const int Erofs = 30;
    private const int EdquotLinux = 122;
    private const int EdquotMac = 69;
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    /// <summary>From an error number of a system call.</summary>
    internal static DiskException From(string path, string operation, int error) =>
        new(path, KindOf(error), operation, $"{Marshal.GetPInvokeErrorMessage(error)} (errno {error})");

    /// <summary>From an exception of the .NET library; its <c>HResult</c> is the error number where it has no type of its own.</summary>
    internal static DiskException From(string path, string operation, Exception e) =>
        e switch
        {
            FileNotFoundException or DirectoryNotFoundException or DriveNotFoundException => new DiskException(
                path,
                DiskErrorKind.NotFound,
                operation,
                e.Message,
                e
            ),
            ObjectDisposedException => new DiskException(path, DiskErrorKind.NotFound, operation, "the file is closed", e),
            UnauthorizedAccessException => new DiskException(path, DiskErrorKind.NotPermitted, operation, e.Message, e),
            _ => new DiskException(path, KindOf(e.HResult), operation, e.Message, e),
        };

    /// <summary>True for what file calls of the .NET library throw.</summary>
    internal static bool IsOurs(Exception e) =>
        e is IOException or UnauthorizedAccessException or ObjectDisposedException or ArgumentException or NotSupportedException;

    private static DiskErrorKind KindOf(int error) =>
        error switch
        {
            Enoent => DiskErrorKind.NotFound,
            Eperm or Eacces or Erofs => DiskErrorKind.NotPermitted,
            Enfile or Emfile => DiskErrorKind.NoDescriptors,
            Enospc or EdquotLinux or EdquotMac or WindowsDiskFull => DiskErrorKind.NoSpace,
            _ => DiskErrorKind.Io,
        };
}
