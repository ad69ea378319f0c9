using Microsoft.Win32.SafeHandles;

namespace RaftLog.Platform;

/// <summary>An open file of <see cref="LinuxDisk"/>: <c>pread</c> and <c>pwrite</c> on a handle.</summary>
internal sealed class LinuxDiskFile(SafeFileHandle handle, string path) : IDiskFile
{
    public string Path { get; } = path;

    public long Length
    {
        get
        {
            try
            {
                return RandomAccess.GetLength(handle);
            }
            catch (Exception e) when (DiskErrors.IsOurs(e))
            {
                throw DiskErrors.From(Path, "stat", e);
            }
        }
    }

    internal SafeFileHandle Handle => handle;

    public int Read(long position, Span<byte> target)
    {
        try
        {
            int total = 0;
            while (total < target.Length)
            {
                int read = RandomAccess.Read(handle, target[total..], position + total);
                if (read == 0)
                {
                    break;
                }

                total += read;
            }

            return total;
        }
        catch (Exception e) when (DiskErrors.IsOurs(e))
        {
            throw DiskErrors.From(Path, "read", e);
        }
    }

    public void Write(long position, ReadOnlySpan<byte> source)
    {
        try
        {
            RandomAccess.Write(handle, source, position);
        }
        catch (Exception e) when (DiskErrors.IsOurs(e))
        {
            throw DiskErrors.From(Path, "write", e);
        }
    }

    public void SetLength(long length)
    {
        try
        {
            RandomAccess.SetLength(handle, length);
        }
        catch (Exception e) when (DiskErrors.IsOurs(e))
        {
            throw DiskErrors.From(Path, "truncate", e);
        }
    }

    public void Reserve(long bytes) => Native.Reserve(handle, bytes);

    public void DropCache()
    {
        try
        {
            Native.DropCache(handle);
        }
        catch (ObjectDisposedException e)
        {
            throw DiskErrors.From(Path, "fadvise", e);
        }
    }

    public void Dispose() => handle.Dispose();
}
