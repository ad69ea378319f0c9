namespace RaftLog.Platform.Tests;

public sealed class InMemoryDiskTests : DiskContract
{
    private readonly InMemoryDisk _disk = new(1L << 30);

    public InMemoryDiskTests() => _disk.CreateDirectory("/data");

    private protected override IDisk Disk => _disk;

    private protected override string Root => "/data";

    [Fact]
    public void A_full_disk_rejects_for_space_and_takes_more_after_a_delete()
    {
        InMemoryDisk small = new(capacityBytes: 100);
        using IDiskFile one = small.OpenOrCreate("/one");
        using IDiskFile two = small.OpenOrCreate("/two");
        one.Write(0, new byte[80]);
        Assert.Equal(DiskErrorKind.NoSpace, Assert.Throws<DiskException>(() => two.Write(0, new byte[21])).Kind);
        Assert.Equal(20, small.Space("/").FreeBytes);
        small.DeleteFile("/one");
        two.Write(0, new byte[100]);
    }

    [Fact]
    public async Task An_injected_fault_rejects_the_operation()
    {
        using IDiskFile file = _disk.OpenOrCreate("/data/a.log");
        _disk.Fault = (operation, path) =>
            operation == "flush" && path.EndsWith("a.log", StringComparison.Ordinal) ? DiskErrorKind.Io : null;
        DiskException rejected = await Assert.ThrowsAsync<DiskException>(async () => await _disk.FlushAsync([file]));
        Assert.Equal(DiskErrorKind.Io, rejected.Kind);
        _disk.Fault = null;
        await _disk.FlushAsync([file]);
    }
}
