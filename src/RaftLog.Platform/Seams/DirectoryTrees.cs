namespace RaftLog.Platform;

/// <summary>Flushes many directories on a disk that has no call for that.</summary>
internal static class DirectoryTrees
{
    /// <summary>A directory may have more files than the process may have open.</summary>
    private const int FilesAtOnce = 32;

    /// <summary>One file and one directory after the other: see <see cref="IDisk.FlushTreesAsync"/>.</summary>
    public static async ValueTask FlushEachAsync(IDisk disk, string parent, IReadOnlyList<string> directories)
    {
        foreach (string directory in directories)
        {
            try
            {
                await FlushAsync(disk, directory);
            }
            catch (DiskException gone) when (gone.Kind == DiskErrorKind.NotFound && !disk.DirectoryExists(directory))
            {
                // Renamed or deleted meanwhile: nobody relies on it.
            }
        }

        await disk.FlushDirectoryAsync(parent);
    }

    private static async ValueTask FlushAsync(IDisk disk, string directory)
    {
        foreach (string[] names in disk.ListFiles(directory).Chunk(FilesAtOnce))
        {
            await FlushFilesAsync(disk, directory, names);
        }

        await disk.FlushDirectoryAsync(directory);
    }

    private static async ValueTask FlushFilesAsync(IDisk disk, string directory, string[] names)
    {
        List<IDiskFile> files = [];
        try
        {
            foreach (string name in names)
            {
                if (disk.OpenExisting($"{directory}/{name}") is { } file)
                {
                    files.Add(file);
                }
            }

            await disk.FlushAsync(files);
        }
        finally
        {
            files.ForEach(each => each.Dispose());
        }
    }
}
