namespace RaftLog.Platform;

/// <summary>
/// The exclusive lock of a whole file by <c>fcntl(F_SETLK)</c>, which Java's <c>FileChannel.lock</c> uses too: a data directory is closed
/// to Kafka while we have it, and the other way round. Such a lock belongs to the process and not to the handle, so a table of the
/// process's own locks refuses the second owner inside it.
/// </summary>
internal sealed class FileLock : IDisposable
{
    private static readonly HashSet<string> Held = new(StringComparer.Ordinal);

    private readonly string _path;
    private readonly FileStream _file;
    private int _released;

    private FileLock(string path, FileStream file)
    {
        _path = path;
        _file = file;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _released, 1) != 0)
        {
            return;
        }

        lock (Held)
        {
            // Closing any descriptor of the file ends the lock, so the table must be the last to forget it.
            _file.Dispose();
            Held.Remove(_path);
        }
    }

    internal static FileLock? TryTake(string path)
    {
        string full = Path.GetFullPath(path);
        lock (Held)
        {
            if (!Held.Add(full))
            {
                return null;
            }

            FileLock? taken = null;
            try
            {
                taken = Take(full);
                return taken;
            }
            catch (Exception e) when (DiskErrors.IsOurs(e))
            {
                throw DiskErrors.From(path, "lock", e);
            }
            finally
            {
                if (taken is null)
                {
                    Held.Remove(full);
                }
            }
        }
    }

    private static FileLock? Take(string path)
    {
        FileStream? file = null;
        try
        {
            // .NET locks no regions on macOS; declining to share is flock there, which keeps our own processes apart.
            FileShare share = OperatingSystem.IsMacOS() ? FileShare.None : FileShare.ReadWrite | FileShare.Delete;
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, share);
            if (!OperatingSystem.IsMacOS())
            {
                file.Lock(0, OperatingSystem.IsWindows() ? long.MaxValue : 0);
            }

            return new FileLock(path, file);
        }
        catch (IOException e) when (IsHeldElsewhere(e))
        {
            file?.Dispose();
            return null;
        }
        catch
        {
            file?.Dispose();
            throw;
        }
    }

    private static bool IsHeldElsewhere(IOException e)
    {
        const int eagain = 11;
        const int eagainMac = 35;
        const int eacces = 13;
        const int windowsLockViolation = unchecked((int)0x80070021);
        return e.HResult is eagain or eagainMac or eacces or windowsLockViolation;
    }
}
