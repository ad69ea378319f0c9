using RaftLog.Platform;

namespace RaftLog.Storage;

/// <summary>Small files that are replaced as a whole: after a crash either the old or the new content is there, never a mixture.</summary>
internal static class AtomicFile
{
    private const string TemporarySuffix = ".tmp";

    /// <summary>The most bytes of a file that is read whole.</summary>
    private const int MostBytes = 256 * 1024 * 1024;

    /// <summary>Reads a file whole; null where it is absent.</summary>
    public static byte[]? Read(IDisk disk, string path)
    {
        using IDiskFile? file = disk.OpenExisting(path);
        return file is null ? null : Read(path, file);
    }

    /// <summary>
    /// The same for a file that was flushed, past the page cache: that may show what a flush has failed to bring to the medium.
    /// </summary>
    public static byte[]? ReadFromMedium(IDisk disk, string path)
    {
        using IDiskFile? file = disk.OpenExisting(path);
        file?.DropCache();
        return file is null ? null : Read(path, file);
    }

    /// <summary>Replaces a file durably: temporary file, flush, rename, flush of the directory.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="directory">Where the file lies.</param>
    /// <param name="name">Its name.</param>
    /// <param name="content">All of the new content.</param>
    /// <param name="waits">True to wait while there is no descriptor for it: not where others wait for the caller.</param>
    public static async ValueTask WriteAsync(IDisk disk, string directory, string name, ReadOnlyMemory<byte> content, bool waits = false)
    {
        string path = $"{directory}/{name}";
        string temporary = path + TemporarySuffix;
        using (IDiskFile file = waits ? await OpenAsync(disk, temporary) : disk.OpenOrCreate(temporary))
        {
            file.SetLength(0);
            file.Write(0, content.Span);
            await disk.FlushAsync([file]);
        }

        disk.Rename(temporary, path);
        await disk.FlushDirectoryAsync(directory);
    }

    /// <summary>Opens a file to write it, made where it is absent; waits while there is no descriptor.</summary>
    public static async ValueTask<IDiskFile> OpenAsync(IDisk disk, string path)
    {
        while (true)
        {
            DiskException rejected;
            try
            {
                return disk.OpenOrCreate(path);
            }
            catch (DiskException failure)
            {
                rejected = failure;
            }

            if (!await disk.WaitForDescriptorAsync(rejected))
            {
                throw rejected;
            }
        }
    }

    /// <summary>
    /// Replaces a file without waiting for the disk: after a power cut it may be old, new, empty or absent, so its reader must be able to
    /// tell.
    /// </summary>
    public static void WriteUnflushed(IDisk disk, string directory, string name, ReadOnlySpan<byte> content)
    {
        WriteTemporary(disk, directory, name, content);
        PutInPlace(disk, directory, name);
    }

    /// <summary>The first half of replacing a file, where many are flushed together: the content under another name.</summary>
    public static void WriteTemporary(IDisk disk, string directory, string name, ReadOnlySpan<byte> content)
    {
        using IDiskFile file = disk.OpenOrCreate($"{directory}/{name}{TemporarySuffix}");
        file.SetLength(0);
        file.Write(0, content);
    }

    /// <summary>The second half: the new content takes the place of the old.</summary>
    public static void PutInPlace(IDisk disk, string directory, string name) =>
        disk.Rename($"{directory}/{name}{TemporarySuffix}", $"{directory}/{name}");

    private static byte[] Read(string path, IDiskFile file)
    {
        long length = file.Length;
        if (length > MostBytes)
        {
            throw new DiskException(path, DiskErrorKind.Io, "read", $"the file has {length} bytes, which cannot be what was written");
        }

        byte[] bytes = new byte[length];
        int read = file.Read(0, bytes);
        return read == bytes.Length ? bytes : bytes[..read];
    }
}
