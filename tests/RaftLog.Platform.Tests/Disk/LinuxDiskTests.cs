using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace RaftLog.Platform.Tests;

public sealed partial class LinuxDiskTests : DiskContract, IDisposable
{
    private const int Einval = 22;

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("raftlog-disk-");

    private protected override IDisk Disk { get; } = new LinuxDisk();

    private protected override string Root => _root.FullName;

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void A_pipe_cannot_be_flushed_and_the_flush_says_so()
    {
        Assert.Equal(0, Pipe(out int reader, out int writer));
        using SafeFileHandle read = new(reader, ownsHandle: true);
        using SafeFileHandle write = new(writer, ownsHandle: true);
        Assert.Equal(Einval, Native.FlushData(write));
    }

    [Fact]
    public async Task A_failed_flush_of_one_file_fails_the_whole_flush()
    {
        Assert.Equal(0, Pipe(out int reader, out int writer));
        using SafeFileHandle read = new(reader, ownsHandle: true);
        using LinuxDiskFile pipe = new(new SafeFileHandle(writer, ownsHandle: true), "/pipe");
        using IDiskFile one = Disk.OpenOrCreate(At("one"));
        using IDiskFile two = Disk.OpenOrCreate(At("two"));
        DiskException rejected = await Assert.ThrowsAsync<DiskException>(async () => await Disk.FlushAsync([one, pipe, two]));
        Assert.Equal("/pipe", rejected.Path);
        Assert.Equal(DiskErrorKind.Io, rejected.Kind);
        Assert.Contains("errno 22", rejected.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flush_says_nothing_of_the_one_before_it()
    {
        Assert.Equal(0, Pipe(out int reader, out int writer));
        using SafeFileHandle read = new(reader, ownsHandle: true);
        using LinuxDiskFile pipe = new(new SafeFileHandle(writer, ownsHandle: true), "/pipe");
        using IDiskFile file = Disk.OpenOrCreate(At("file"));
        IDiskFile closed = Disk.OpenOrCreate(At("closed"));
        closed.Dispose();
        for (int i = 0; i < 20; i++)
        {
            await Assert.ThrowsAsync<DiskException>(async () => await Disk.FlushAsync([file, pipe]));
            await Disk.FlushAsync([file]);
            Assert.Equal("/pipe", (await Assert.ThrowsAsync<DiskException>(async () => await Disk.FlushAsync([pipe, file, file]))).Path);
            Assert.Equal(closed.Path, (await Assert.ThrowsAsync<DiskException>(async () => await Disk.FlushAsync([file, closed]))).Path);
            await Disk.FlushDirectoryAsync(Root);
        }
    }

    [Fact]
    public async Task A_file_closed_during_its_flush_is_flushed_all_the_same()
    {
        for (int i = 0; i < 50; i++)
        {
            IDiskFile file = Disk.OpenOrCreate(At("a.log"));
            file.Write(0, [1]);
            ValueTask flush = Disk.FlushAsync([file]);
            file.Dispose();
            await flush;
        }
    }

    [Fact]
    public async Task A_closed_file_is_not_flushed()
    {
        using IDiskFile open = Disk.OpenOrCreate(At("open"));
        IDiskFile closed = Disk.OpenOrCreate(At("closed"));
        closed.Dispose();
        DiskException rejected = await Assert.ThrowsAsync<DiskException>(async () => await Disk.FlushAsync([open, closed]));
        Assert.Equal(DiskErrorKind.NotFound, rejected.Kind);
    }

    [Fact]
    public async Task The_awaiter_of_a_flush_never_runs_on_a_flush_thread()
    {
        using IDiskFile file = Disk.OpenOrCreate(At("a.log"));
        await Task.Run(async () =>
        {
            for (int i = 0; i < 50; i++)
            {
                file.Write(i, [1]);
                await Disk.FlushAsync([file]);
                Assert.True(Thread.CurrentThread.IsThreadPoolThread);
            }
        });
    }

    [Fact]
    public async Task Many_flushes_at_once_all_complete()
    {
        List<IDiskFile> files = [.. Enumerable.Range(0, 8).Select(i => Disk.OpenOrCreate(At($"{i}")))];
        List<Task> flushes = [];
        for (int i = 0; i < 64; i++)
        {
            files[i % 8].Write(i, [1]);
            flushes.Add(Disk.FlushAsync([files[i % 8], files[(i + 1) % 8]]).AsTask());
        }

        await Task.WhenAll(flushes);
        files.ForEach(file => file.Dispose());
    }

    [Fact]
    public async Task Another_process_is_rejected_the_lock_until_we_release_it()
    {
        IDisposable? ours = Disk.TryLock(At(".lock"));
        Assert.NotNull(ours);
        Assert.Equal("rejected", await LockInChild(At(".lock")));
        ours.Dispose();
        Assert.Equal("held", await LockInChild(At(".lock")));
    }

    [Fact]
    public async Task We_are_rejected_the_lock_of_another_process_until_it_ends()
    {
        using Process child = Child.Start(ChildProgram.Lock, At(".lock"));
        Assert.Equal("held", await child.StandardOutput.ReadLineAsync());
        Assert.Null(Disk.TryLock(At(".lock")));
        child.Kill();
        await child.WaitForExitAsync();
        using IDisposable? ours = Disk.TryLock(At(".lock"));
        Assert.NotNull(ours);
    }

    [Fact]
    public void A_directory_cannot_be_opened_as_a_file()
    {
        Disk.CreateDirectory(At("d"));
        Assert.Equal(DiskErrorKind.NotPermitted, Assert.Throws<DiskException>(() => Disk.OpenOrCreate(At("d"))).Kind);
    }

    [Fact]
    public void A_full_device_rejects_for_space()
    {
        // /dev/full takes every open and answers every write with ENOSPC.
        using LinuxDiskFile full = new(File.OpenHandle("/dev/full", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite), "/dev/full");
        Assert.Equal(DiskErrorKind.NoSpace, Assert.Throws<DiskException>(() => full.Write(0, [1])).Kind);
    }

    private static async Task<string?> LockInChild(string path)
    {
        using Process child = Child.Start(ChildProgram.Lock, path);
        string? response = await child.StandardOutput.ReadLineAsync();
        child.StandardInput.Close();
        await child.WaitForExitAsync();
        return response;
    }

    private static unsafe int Pipe(out int reader, out int writer)
    {
        int* ends = stackalloc int[2];
        int result = Pipe(ends);
        reader = ends[0];
        writer = ends[1];
        return result;
    }

    [LibraryImport("libc", EntryPoint = "pipe")]
    private static unsafe partial int Pipe(int* ends);
}
