namespace RaftLog.Platform.Tests;

/// <summary>What every disk must do; each implementation runs these tests.</summary>
public abstract class DiskContract
{
    private protected abstract IDisk Disk { get; }

    /// <summary>An existing, empty directory.</summary>
    private protected abstract string Root { get; }

    [Fact]
    public void A_created_file_is_empty_and_there()
    {
        using IDiskFile file = Disk.OpenOrCreate(At("a.log"));
        Assert.Equal(0, file.Length);
        Assert.Equal(At("a.log"), file.Path);
        Assert.True(Disk.FileExists(At("a.log")));
        Assert.False(Disk.DirectoryExists(At("a.log")));
    }

    [Fact]
    public void An_absent_file_is_not_opened()
    {
        Assert.Null(Disk.OpenExisting(At("absent")));
        Assert.False(Disk.FileExists(At("absent")));
    }

    [Fact]
    public void What_is_written_is_read_by_another_handle()
    {
        using IDiskFile file = Disk.OpenOrCreate(At("a.log"));
        file.Write(0, [1, 2, 3, 4]);
        file.Write(2, [9]);
        using IDiskFile? again = Disk.OpenExisting(At("a.log"));
        Assert.Equal([1, 2, 9, 4], ReadAll(again!));
    }

    [Fact]
    public void Reopening_keeps_the_content()
    {
        using (IDiskFile file = Disk.OpenOrCreate(At("a.log")))
        {
            file.Write(0, [1, 2, 3]);
        }

        using IDiskFile again = Disk.OpenOrCreate(At("a.log"));
        Assert.Equal([1, 2, 3], ReadAll(again));
    }

    [Fact]
    public void A_read_stops_at_the_end_of_the_file()
    {
        using IDiskFile file = Disk.OpenOrCreate(At("a.log"));
        file.Write(0, [1, 2, 3]);
        byte[] target = new byte[8];
        Assert.Equal(2, file.Read(1, target));
        Assert.Equal([2, 3], target[..2]);
        Assert.Equal(0, file.Read(3, target));
        Assert.Equal(0, file.Read(100, target));
    }

    [Fact]
    public void A_write_past_the_end_leaves_zeros_between()
    {
        using IDiskFile file = Disk.OpenOrCreate(At("a.log"));
        file.Write(200_000, [7]);
        Assert.Equal(200_001, file.Length);
        byte[] all = ReadAll(file);
        Assert.Equal(7, all[^1]);
        Assert.True(all.AsSpan(0, 200_000).IndexOfAnyExcept((byte)0) < 0);
    }

    [Fact]
    public void What_was_cut_off_comes_back_as_zeros()
    {
        using IDiskFile file = Disk.OpenOrCreate(At("a.log"));
        byte[] bytes = new byte[150_000];
        Array.Fill(bytes, (byte)5);
        file.Write(0, bytes);
        file.SetLength(70_001);
        Assert.Equal(70_001, file.Length);
        file.SetLength(150_000);
        byte[] all = ReadAll(file);
        Assert.True(all.AsSpan(0, 70_001).IndexOfAnyExcept((byte)5) < 0);
        Assert.True(all.AsSpan(70_001).IndexOfAnyExcept((byte)0) < 0);
    }

    [Fact]
    public void Directories_are_made_with_their_parents_and_only_once()
    {
        Disk.CreateDirectory(At("x/y/z"));
        Disk.CreateDirectory(At("x/y/z"));
        Assert.True(Disk.DirectoryExists(At("x/y")));
        Assert.True(Disk.DirectoryExists(At("x/y/z")));
        Assert.False(Disk.FileExists(At("x/y")));
    }

    [Fact]
    public void Names_are_listed_in_ordinal_order()
    {
        foreach (string name in (string[])["b", "a", "B", "_", "10", "9"])
        {
            Disk.OpenOrCreate(At(name)).Dispose();
        }

        Disk.CreateDirectory(At("d2"));
        Disk.CreateDirectory(At("d1/inner"));
        Disk.OpenOrCreate(At("d1/inside")).Dispose();
        Assert.Equal(["10", "9", "B", "_", "a", "b"], Disk.ListFiles(Root));
        Assert.Equal(["d1", "d2"], Disk.ListDirectories(Root));
        Assert.Equal(["inside"], Disk.ListFiles(At("d1")));
    }

    [Fact]
    public void An_absent_directory_lists_nothing()
    {
        Assert.Empty(Disk.ListFiles(At("absent")));
        Assert.Empty(Disk.ListDirectories(At("absent")));
    }

    [Fact]
    public void A_file_in_an_absent_directory_is_rejected_as_not_found()
    {
        DiskException rejected = Assert.Throws<DiskException>(() => Disk.OpenOrCreate(At("absent/a.log")));
        Assert.Equal(DiskErrorKind.NotFound, rejected.Kind);
        Assert.Equal("open", rejected.Operation);
        Assert.Null(Disk.OpenExisting(At("absent/a.log")));
    }

    [Fact]
    public void A_rename_takes_the_place_of_the_target()
    {
        using (IDiskFile old = Disk.OpenOrCreate(At("checkpoint")))
        {
            old.Write(0, [1, 1, 1]);
        }

        using (IDiskFile fresh = Disk.OpenOrCreate(At("checkpoint.tmp")))
        {
            fresh.Write(0, [2]);
        }

        Disk.Rename(At("checkpoint.tmp"), At("checkpoint"));
        using IDiskFile? now = Disk.OpenExisting(At("checkpoint"));
        Assert.Equal([2], ReadAll(now!));
        Assert.Equal(["checkpoint"], Disk.ListFiles(Root));
    }

    [Fact]
    public void A_directory_is_renamed_with_all_it_holds()
    {
        Disk.CreateDirectory(At("topic-0/sub"));
        Disk.OpenOrCreate(At("topic-0/a.log")).Dispose();
        Disk.Rename(At("topic-0"), At("topic-0.deleted"));
        Assert.False(Disk.DirectoryExists(At("topic-0")));
        Assert.Equal(["a.log"], Disk.ListFiles(At("topic-0.deleted")));
        Assert.True(Disk.DirectoryExists(At("topic-0.deleted/sub")));
    }

    [Fact]
    public void A_rename_of_what_is_absent_is_rejected_as_not_found()
    {
        DiskException rejected = Assert.Throws<DiskException>(() => Disk.Rename(At("absent"), At("b")));
        Assert.Equal(DiskErrorKind.NotFound, rejected.Kind);
    }

    [Fact]
    public void An_open_file_outlives_its_name()
    {
        using IDiskFile file = Disk.OpenOrCreate(At("a.log"));
        file.Write(0, [1, 2]);
        Disk.DeleteFile(At("a.log"));
        Assert.False(Disk.FileExists(At("a.log")));
        file.Write(2, [3]);
        Assert.Equal([1, 2, 3], ReadAll(file));
    }

    [Fact]
    public void Deleting_what_is_absent_does_nothing()
    {
        Disk.DeleteFile(At("absent"));
        Disk.DeleteFile(At("absent/too"));
        Disk.DeleteDirectory(At("absent"));
    }

    [Fact]
    public void A_directory_is_deleted_with_all_it_holds()
    {
        Disk.CreateDirectory(At("d/e"));
        Disk.OpenOrCreate(At("d/e/f")).Dispose();
        Disk.OpenOrCreate(At("d2")).Dispose();
        Disk.DeleteDirectory(At("d"));
        Assert.False(Disk.DirectoryExists(At("d")));
        Assert.False(Disk.FileExists(At("d/e/f")));
        Assert.True(Disk.FileExists(At("d2")));
    }

    [Fact]
    public async Task Files_and_their_directory_are_flushed()
    {
        List<IDiskFile> files = [];
        for (int i = 0; i < 12; i++)
        {
            IDiskFile file = Disk.OpenOrCreate(At($"{i}.log"));
            file.Write(0, [1, 2, 3]);
            files.Add(file);
        }

        await Disk.FlushAsync(files);
        await Disk.FlushAsync(files);
        await Disk.FlushDirectoryAsync(Root);
        await Disk.FlushAsync([]);
        Assert.All(
            files,
            file =>
            {
                file.DropCache();
                Assert.Equal([1, 2, 3], ReadAll(file));
                file.Dispose();
            }
        );
    }

    [Fact]
    public async Task An_absent_directory_is_not_flushed()
    {
        DiskException rejected = await Assert.ThrowsAsync<DiskException>(async () => await Disk.FlushDirectoryAsync(At("absent")));
        Assert.Equal(DiskErrorKind.NotFound, rejected.Kind);
        Assert.Equal("flush", rejected.Operation);
    }

    [Fact]
    public void A_closed_file_rejects_as_not_found()
    {
        IDiskFile file = Disk.OpenOrCreate(At("a.log"));
        file.Dispose();
        file.Dispose();
        Assert.Equal(DiskErrorKind.NotFound, Assert.Throws<DiskException>(() => file.Read(0, new byte[1])).Kind);
        Assert.Equal(DiskErrorKind.NotFound, Assert.Throws<DiskException>(() => file.Write(0, [1])).Kind);
        Assert.Equal(DiskErrorKind.NotFound, Assert.Throws<DiskException>(() => file.Length).Kind);
    }

    [Fact]
    public void A_lock_is_held_by_one_until_it_is_released()
    {
        using (IDisposable? first = Disk.TryLock(At(".lock")))
        {
            Assert.NotNull(first);
            Assert.Null(Disk.TryLock(At(".lock")));
            using IDisposable? other = Disk.TryLock(At("other.lock"));
            Assert.NotNull(other);
        }

        using IDisposable? second = Disk.TryLock(At(".lock"));
        Assert.NotNull(second);
    }

    [Fact]
    public void Space_is_told()
    {
        DiskSpace space = Disk.Space(Root);
        Assert.InRange(space.FreeBytes, 1, space.TotalBytes);
    }

    [Fact]
    public async Task Readers_see_whole_writes_while_the_file_grows()
    {
        using IDiskFile file = Disk.OpenOrCreate(At("a.log"));
        Task writer = Task.Run(() =>
        {
            byte[] block = new byte[1000];
            for (int i = 0; i < 500; i++)
            {
                Array.Fill(block, (byte)i);
                file.Write(i * 1000L, block);
            }
        });
        byte[] target = new byte[1000];
        while (!writer.IsCompleted)
        {
            long blocks = file.Length / 1000;
            if (blocks > 1)
            {
                Assert.Equal(1000, file.Read((blocks - 2) * 1000, target));
                Assert.Equal((byte)(blocks - 2), target[0]);
            }
        }

        await writer;
    }

    private protected string At(string name) => Path.Combine(Root, name);

    private protected static byte[] ReadAll(IDiskFile file)
    {
        byte[] all = new byte[file.Length];
        Assert.Equal(all.Length, file.Read(0, all));
        return all;
    }
}
