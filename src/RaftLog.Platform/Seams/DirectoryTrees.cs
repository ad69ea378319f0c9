namespace RaftLog.Platform;

/// <summary>Flushes many directories on a disk that has no call for that.</summary>
internal static class DirectoryTrees
{
    /// <summary>One file and one directory after the other: see <see cref="IDisk.FlushTreesAsync"/>.</summary>
    public static async ValueTask FlushEachAsync(IDisk disk, string parent, IReadOnlyList<string> directories)
    {
        foreach (string directory in directories)
        {
            List<IDiskFile> files = [];
            try
            {
                foreach (string name in disk.ListFiles(directory))
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

            await disk.FlushDirectoryAsync(directory);
        }

        await disk.FlushDirectoryAsync(parent);
    }
}
