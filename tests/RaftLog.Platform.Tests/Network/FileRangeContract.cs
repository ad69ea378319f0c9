namespace RaftLog.Platform.Tests;

/// <summary>
/// What every network does with ranges of files, in particular when the peer does not read while the file changes; over each kind of disk.
/// </summary>
public abstract class FileRangeContract : IDisposable
{
    private const int FileBytes = 32 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("raftlog-ranges-");
    private readonly Guard _guard = new();

    private protected abstract INetwork Network { get; }

    private protected abstract IDisk Disk { get; }

    public void Dispose()
    {
        _root.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Memory_and_ranges_arrive_whole_and_in_order(bool isShared)
    {
        using IDiskFile file = Write(1 << 20, seed: 1);
        (IConnection client, IConnection server) = await ConnectAsync();
        List<byte> expected = [];
        List<SendPiece> pieces = [];
        int at = 0;
        foreach (int length in (int[])[1, 4096, 15_000, 16_384, 70_000, 1, 300_001])
        {
            byte[] header = [(byte)length, 42, (byte)(length >> 8)];
            pieces.Add(header);
            pieces.Add(new SendPiece(Range(file, at, length, isShared)));
            expected.AddRange(header);
            expected.AddRange(Content(at, length, seed: 1));
            at += length;
        }

        pieces.Add(ReadOnlyMemory<byte>.Empty);
        Task<bool> send = server.SendAsync(pieces).AsTask();
        Assert.Equal(expected, await ReceiveAsync(client, expected.Count));
        Assert.True(await send.WaitAsync(Patience));
        Assert.Equal(expected.Count, server.BytesSent);
        client.Dispose();
        server.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_deleted_file_is_sent_to_its_end(bool isShared)
    {
        using IDiskFile file = Write(FileBytes, seed: 2);
        (IConnection client, IConnection server) = await ConnectAsync();
        Task<bool> send = await StallAsync(server, file, isShared);
        Disk.DeleteFile(file.Path);
        byte[] received = await ReceiveAsync(client, FileBytes + 1);
        Assert.True(received.AsSpan(1).SequenceEqual(Content(0, FileBytes, seed: 2)));
        Assert.True(await send.WaitAsync(Patience));
        client.Dispose();
        server.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_file_that_is_truncated_and_written_again_ends_the_send_and_shows_none_of_the_new_bytes(bool isShared)
    {
        using IDiskFile file = Write(FileBytes, seed: 3);
        (IConnection client, IConnection server) = await ConnectAsync();
        Task<bool> send = await StallAsync(server, file, isShared);
        const int cut = 24 << 20;
        _guard.Cut = cut;
        file.SetLength(cut);
        file.Write(cut, Content(0, FileBytes - cut, seed: 99));

        byte[] received = await ReceiveWhileSendingAsync(client, server, send);
        FileRangeException lost = await Assert.ThrowsAsync<FileRangeException>(() => send.WaitAsync(Patience));
        Assert.Contains("truncated", lost.Message, StringComparison.Ordinal);
        Assert.True(received.Length < cut);
        Assert.True(received.AsSpan(1).SequenceEqual(Content(0, received.Length - 1, seed: 3)));
        server.Reset();
        client.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_file_that_became_shorter_ends_the_send_without_padding(bool isShared)
    {
        using IDiskFile file = Write(FileBytes, seed: 4);
        (IConnection client, IConnection server) = await ConnectAsync();
        Task<bool> send = await StallAsync(server, file, isShared);
        const int left = 24 << 20;
        file.SetLength(left);

        byte[] received = await ReceiveWhileSendingAsync(client, server, send);
        FileRangeException lost = await Assert.ThrowsAsync<FileRangeException>(() => send.WaitAsync(Patience));
        Assert.Contains("shorter", lost.Message, StringComparison.Ordinal);
        Assert.True(received.Length <= left + 1);
        Assert.True(received.AsSpan(1).SequenceEqual(Content(0, received.Length - 1, seed: 4)));
        server.Reset();
        client.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_send_that_waits_ends_when_the_peer_does(bool isShared)
    {
        using IDiskFile file = Write(FileBytes, seed: 5);
        (IConnection client, IConnection server) = await ConnectAsync();
        Task<bool> send = await StallAsync(server, file, isShared);
        long sent = server.BytesSent;
        Assert.InRange(sent, 1, FileBytes - 1);
        client.Reset();
        Assert.False(await send.WaitAsync(Patience));
        server.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_send_that_waits_ends_when_this_side_resets(bool isShared)
    {
        using IDiskFile file = Write(FileBytes, seed: 6);
        (IConnection client, IConnection server) = await ConnectAsync();
        Task<bool> send = await StallAsync(server, file, isShared);
        server.Reset();
        Assert.False(await send.WaitAsync(Patience));
        client.Dispose();
    }

    [Fact]
    public async Task A_range_that_was_truncated_before_the_send_sends_nothing_of_it()
    {
        using IDiskFile file = Write(1 << 20, seed: 7);
        (IConnection client, IConnection server) = await ConnectAsync();
        _guard.Cut = 30_000;
        Assert.True(await server.SendAsync([new SendPiece(Range(file, 0, 30_000, true))]));
        await Assert.ThrowsAsync<FileRangeException>(() => server.SendAsync([new SendPiece(Range(file, 0, 30_001, true))]).AsTask());
        await Assert.ThrowsAsync<FileRangeException>(() => server.SendAsync([new SendPiece(Range(file, 0, 30_001, false))]).AsTask());
        Assert.Equal(30_000, server.BytesSent);
        client.Dispose();
        server.Dispose();
    }

    private static byte[] Content(int from, int length, int seed)
    {
        byte[] content = new byte[length];
        for (int i = 0; i < length; i++)
        {
            uint place = (uint)(from + i);
            content[i] = (byte)((place * 2654435761u >> 13) + (uint)seed);
        }

        return content;
    }

    private static async Task<byte[]> ReceiveAsync(IConnection connection, int count)
    {
        byte[] all = new byte[count];
        for (int at = 0; at < count; )
        {
            int received = await connection.ReceiveAsync(all.AsMemory(at)).AsTask().WaitAsync(Patience);
            Assert.True(received > 0, $"the connection ended ({received}) after {at} of {count} bytes");
            at += received;
        }

        return all;
    }

    /// <summary>Receives until the sender has given up and ended the connection; a reset may take what was on its way.</summary>
    private static async Task<byte[]> ReceiveWhileSendingAsync(IConnection client, IConnection server, Task<bool> send)
    {
        List<byte> all = [];
        byte[] buffer = new byte[64 << 10];
        _ = send.ContinueWith(_ => server.Reset(), TaskScheduler.Default);
        while (true)
        {
            int received = await client.ReceiveAsync(buffer).AsTask().WaitAsync(Patience);
            if (received <= 0)
            {
                return [.. all];
            }

            all.AddRange(buffer.AsSpan(0, received));
        }
    }

    /// <summary>Sends the whole file to a peer that does not read, and comes back when nothing moves any more.</summary>
    private async Task<Task<bool>> StallAsync(IConnection server, IDiskFile file, bool isShared)
    {
        Task<bool> send = server.SendAsync([new byte[] { 1 }, new SendPiece(Range(file, 0, FileBytes, isShared))]).AsTask();
        long seen = -1;
        while (seen != server.BytesSent)
        {
            seen = server.BytesSent;
            await Task.Delay(50);
        }

        Assert.False(send.IsCompleted);
        return send;
    }

    private IDiskFile Write(int length, int seed)
    {
        Disk.CreateDirectory(_root.FullName);
        IDiskFile file = Disk.OpenOrCreate($"{_root.FullName}/file");
        file.Write(0, Content(0, length, seed));
        return file;
    }

    private FileRange Range(IDiskFile file, int position, int length, bool isShared) => new(file, position, length, _guard, isShared);

    private async Task<(IConnection Client, IConnection Server)> ConnectAsync()
    {
        using IListener listener = Network.Listen(new NetworkAddress("localhost", 0));
        Task<IConnection?> accept = listener.AcceptAsync().AsTask();
        ConnectResult result = await Network.ConnectAsync(listener.Address, Patience, CancellationToken.None);
        return (result.Connection!, (await accept)!);
    }

    private sealed class Guard : IFileRangeGuard
    {
        private long _cut = long.MaxValue;

        public long Cut
        {
            set => Volatile.Write(ref _cut, value);
        }

        public void ReadFailed() => throw new InvalidOperationException("the disk refuses nothing here");

        public bool IsIntact(long end) => Volatile.Read(ref _cut) >= end;
    }
}

/// <summary>The kernel sends files to sockets.</summary>
public sealed class TcpFileRangeTests : FileRangeContract
{
    private protected override INetwork Network { get; } = new TcpNetwork(TimeProvider.System, new TcpOptions());

    private protected override IDisk Disk { get; } = new LinuxDisk();
}

/// <summary>Sockets, and files that are in no kernel.</summary>
public sealed class TcpCopiedRangeTests : FileRangeContract
{
    private protected override INetwork Network { get; } = new TcpNetwork(TimeProvider.System, new TcpOptions());

    private protected override IDisk Disk { get; } = new InMemoryDisk();
}

/// <summary>Neither sockets nor files.</summary>
public sealed class InMemoryFileRangeTests : FileRangeContract
{
    private protected override INetwork Network { get; } = new InMemoryNetwork(TimeProvider.System);

    private protected override IDisk Disk { get; } = new InMemoryDisk();
}

/// <summary>Files that are opened again for each piece.</summary>
public sealed class TcpCachedRangeTests : FileRangeContract
{
    private protected override INetwork Network { get; } = new TcpNetwork(TimeProvider.System, new TcpOptions());

    private protected override IDisk Disk { get; } = new DescriptorCache(new LinuxDisk(), capacity: 1);
}
