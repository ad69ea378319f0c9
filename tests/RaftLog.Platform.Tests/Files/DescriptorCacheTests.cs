namespace RaftLog.Platform.Tests.Files;

/// <summary>What a cache of descriptors does beyond what every disk does.</summary>
public sealed class DescriptorCacheTests
{
    private const int Capacity = 4;
    private const int Many = 40;

    private readonly CountingDisk _disk = new();
    private readonly DescriptorCache _cache;

    public DescriptorCacheTests()
    {
        _cache = new DescriptorCache(_disk, Capacity);
        _cache.CreateDirectory("/logs/a");
    }

    [Fact]
    public async Task Files_that_are_flushed_share_as_many_descriptors_as_there_may_be()
    {
        List<IDiskFile> files = await WriteAsync(Many);
        Assert.InRange(_disk.Open, 1, Capacity);
        for (int i = 0; i < Many; i++)
        {
            Assert.Equal(i, ReadByte(files[i]));
            Assert.InRange(_disk.Open, 1, Capacity);
        }

        Assert.Empty(_disk.ClosedDirty);
        files.ForEach(static each => each.Dispose());
        Assert.Equal(0, _disk.Open);
        Assert.Equal(0, _cache.OpenCount);
    }

    [Fact]
    public async Task A_file_that_is_used_again_and_again_stays_open()
    {
        List<IDiskFile> files = await WriteAsync(Many);
        ReadByte(files[0]);
        int before = _disk.Opened;
        for (int i = 1; i < Many; i++)
        {
            ReadByte(files[i]);
            ReadByte(files[0]);
        }

        Assert.InRange(_disk.Opened - before, 1, Many - 1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_with_unflushed_bytes_is_never_closed(bool isTruncation)
    {
        List<IDiskFile> files = [];
        for (int i = 0; i < Many; i++)
        {
            IDiskFile file = _cache.OpenOrCreate($"/logs/a/{i}");
            if (isTruncation)
            {
                file.SetLength(1);
            }
            else
            {
                file.Write(0, [1]);
            }

            files.Add(file);
        }

        Assert.Empty(_disk.ClosedDirty);
        Assert.Equal(Many, _disk.Open);
        files.ForEach(static each => ReadByte(each));
    }

    [Fact]
    public async Task Bytes_written_during_a_flush_keep_the_file_open_until_the_next()
    {
        IDiskFile file = _cache.OpenOrCreate("/logs/a/file");
        file.Write(0, [1]);
        TaskCompletionSource hold = new();
        _disk.Hold = hold.Task;
        ValueTask flush = _cache.FlushAsync([file]);
        file.Write(1, [2]);
        hold.SetResult();
        await flush;
        await WriteAsync(Many);
        Assert.Empty(_disk.ClosedDirty);

        await _cache.FlushAsync([file]);
        int before = _disk.Opened;
        await WriteAsync(Many);
        ReadByte(file);
        Assert.Equal(before + Many + 1, _disk.Opened);
    }

    [Fact]
    public async Task A_file_whose_flush_failed_stays_open()
    {
        IDiskFile file = _cache.OpenOrCreate("/logs/a/file");
        file.Write(0, [1]);
        _disk.FlushFault = DiskErrorKind.Io;
        await Assert.ThrowsAsync<DiskException>(async () => await _cache.FlushAsync([file]));
        _disk.FlushFault = null;
        await WriteAsync(Many);
        Assert.Empty(_disk.ClosedDirty);
    }

    [Fact]
    public async Task A_file_that_is_leased_or_being_flushed_is_not_closed()
    {
        List<IDiskFile> files = await WriteAsync(Many);
        TaskCompletionSource hold = new();
        _disk.Hold = hold.Task;
        ValueTask flush = _cache.FlushAsync([files[0]]);
        using FileLease lease = files[1].Lease();
        files.ForEach(static each => ReadByte(each));
        byte[] target = new byte[1];
        Assert.Equal(1, lease.File.Read(0, target));
        hold.SetResult();
        await flush;
    }

    [Fact]
    public async Task Files_whose_directories_were_flushed_can_be_closed()
    {
        List<IDiskFile> files = [];
        for (int i = 0; i < Many; i++)
        {
            _cache.CreateDirectory($"/logs/p-{i}");
            IDiskFile file = _cache.OpenOrCreate($"/logs/p-{i}/log");
            file.Write(0, [(byte)i]);
            files.Add(file);
        }

        Assert.Equal(Many, _disk.Open);
        await _cache.FlushTreesAsync("/logs", [.. Enumerable.Range(0, Many).Select(static i => $"/logs/p-{i}")]);
        Assert.InRange(_disk.Open, 1, Capacity);
        for (int i = 0; i < Many; i++)
        {
            Assert.Equal(i, ReadByte(files[i]));
        }
    }

    [Fact]
    public async Task A_directory_with_more_files_than_may_be_open_is_flushed()
    {
        const int Files = 100;
        for (int i = 0; i < Files; i++)
        {
            _disk.OpenOrCreate($"/logs/a/old-{i}").Dispose();
        }

        _disk.Limit = 40;
        await _cache.FlushTreesAsync("/logs", ["/logs/a"]);
        Assert.Equal(2 * Files, _disk.Opened);
        Assert.Equal(0, _disk.Open);
    }

    [Theory]
    [InlineData("/logs/a/0", "/logs/a/renamed")]
    [InlineData("/logs/a", "/logs/b")]
    [InlineData("/logs/a/0", "/logs/other")]
    public async Task A_closed_file_is_found_under_its_new_name(string source, string target)
    {
        List<IDiskFile> files = await WriteAsync(Many);
        _cache.Rename(source, target);
        for (int i = 0; i < Many; i++)
        {
            Assert.Equal(i, ReadByte(files[i]));
        }
    }

    [Theory]
    [InlineData("file")]
    [InlineData("directory")]
    [InlineData("replaced")]
    [InlineData("moved and replaced")]
    public async Task A_closed_file_outlives_its_name(string what)
    {
        List<IDiskFile> files = await WriteAsync(Many);
        switch (what)
        {
            case "file":
                _cache.DeleteFile("/logs/a/0");
                break;
            case "directory":
                _cache.DeleteDirectory("/logs/a");
                break;
            case "replaced":
                _cache.Rename("/logs/a/1", "/logs/a/0");
                break;
            default:
                _cache.Rename("/logs/a/0", "/logs/a/x");
                using (IDiskFile other = _cache.OpenOrCreate("/logs/y"))
                {
                    _cache.Rename("/logs/y", "/logs/a/x");
                }

                break;
        }

        // The others first, so that descriptors are given up.
        for (int i = Many - 1; i >= 0; i--)
        {
            Assert.Equal(i, ReadByte(files[i]));
        }
    }

    [Fact]
    public async Task When_the_system_has_no_descriptor_left_files_are_closed_for_what_is_opened()
    {
        List<IDiskFile> files = await WriteAsync(Many);
        _disk.Limit = 2;
        using IDiskFile another = _cache.OpenOrCreate("/logs/a/another");
        Assert.InRange(_disk.Open, 1, _disk.Limit);

        _disk.Limit = 1;
        Assert.Equal(7, ReadByte(files[7]));
        another.Write(0, [1]);
        DiskException rejected = Assert.Throws<DiskException>(() => ReadByte(files[8]));
        Assert.Equal(DiskErrorKind.NoDescriptors, rejected.Kind);
        Assert.Empty(_disk.ClosedDirty);

        await _cache.FlushAsync([another]);
        Assert.Equal(8, ReadByte(files[8]));
    }

    [Fact]
    public async Task Files_are_read_written_renamed_and_closed_by_many_at_once()
    {
        List<IDiskFile> files = await WriteAsync(Many);
        Task[] all =
        [
            .. Enumerable
                .Range(0, 6)
                .Select(worker =>
                    Task.Run(async () =>
                    {
                        for (int round = 0; round < 300; round++)
                        {
                            int i = ((worker * 7) + round) % Many;
                            Assert.Equal(i, ReadByte(files[i]));
                            files[i].Write(1, [(byte)round]);
                            await _cache.FlushAsync([files[i]]);
                            string own = $"/logs/a/own-{worker}";
                            using IDiskFile mine = _cache.OpenOrCreate(own);
                            mine.Write(0, [(byte)worker]);
                            await _cache.FlushAsync([mine]);
                            _cache.Rename(own, own + "-renamed");
                            Assert.Equal(worker, ReadByte(mine));
                            _cache.DeleteFile(own + "-renamed");
                            Assert.Equal(worker, ReadByte(mine));
                        }
                    })
                ),
        ];
        await Task.WhenAll(all);
        files.ForEach(static each => each.Dispose());
        Assert.Empty(_disk.ClosedDirty);
        Assert.Equal(0, _disk.Open);
    }

    [Theory]
    [InlineData(1024, 512)]
    [InlineData(20, 16)]
    [InlineData(long.MaxValue, 4096)]
    public void The_capacity_follows_from_what_the_process_may_open(long limit, int capacity) =>
        Assert.Equal(capacity, DescriptorCache.CapacityFor(limit));

    private static int ReadByte(IDiskFile file)
    {
        byte[] target = new byte[1];
        Assert.Equal(1, file.Read(0, target));
        return target[0];
    }

    private async Task<List<IDiskFile>> WriteAsync(int count)
    {
        List<IDiskFile> files = [];
        for (int i = 0; i < count; i++)
        {
            IDiskFile file = _cache.OpenOrCreate($"/logs/a/{i}");
            file.Write(0, [(byte)i]);
            await _cache.FlushAsync([file]);
            files.Add(file);
        }

        return files;
    }
}

/// <summary>Every disk's contract, with a descriptor for one file only.</summary>
public sealed class DescriptorCacheContractTests : DiskContract, IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("raftlog-cache-");

    private protected override IDisk Disk { get; } = new DescriptorCache(new LinuxDisk(), capacity: 1);

    private protected override string Root => _root.FullName;

    public void Dispose() => _root.Delete(recursive: true);
}
