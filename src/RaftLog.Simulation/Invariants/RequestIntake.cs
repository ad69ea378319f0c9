using System.Buffers.Binary;
using RaftLog.Platform.Rpc;

namespace RaftLog.Simulation;

/// <summary>What a node has taken of the requests of one connection, told from the bytes that it has received.</summary>
/// <param name="memory">What all connections of the node come to.</param>
/// <param name="tap">What has left on the same connection.</param>
/// <param name="server">The node.</param>
internal sealed class RequestIntake(RequestMemory memory, WireTap tap, int server)
{
    private readonly byte[] _prefix = new byte[sizeof(int)];
    private int _prefixBytes;
    private long _requests;
    private bool _isOver;

    /// <summary>The bytes that have come of a large request that is not complete; 0 where there is none.</summary>
    internal int Held => IsLarge ? Taken : 0;

    /// <summary>When the last bytes were taken.</summary>
    internal long LastTakenUs { get; private set; }

    /// <summary>True while a request has begun, or one has no response yet of which anything has left.</summary>
    internal bool IsOpen => !tap.IsMidResponse && (_prefixBytes > 0 || _requests > tap.Responses);

    /// <summary>True when the last request is one that the memory for large requests is for.</summary>
    internal bool IsLarge => Length > FrameReader.SmallFrameBytes;

    /// <summary>The announced length of the request that comes in, or of the last one.</summary>
    internal int Length { get; private set; }

    private int Taken { get; set; }

    /// <summary>The node takes bytes.</summary>
    internal void Take(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = _prefixBytes < sizeof(int) ? TakePrefix(bytes) : TakeBody(bytes);
        }

        memory.Taken(server, this);
    }

    /// <summary>The node closes the connection in order, and its client has not.</summary>
    internal void Closed()
    {
        if (!_isOver)
        {
            memory.Closed(server, this);
        }
    }

    /// <summary>The connection is over.</summary>
    internal void End()
    {
        _isOver = true;
        memory.Ended(server, this);
    }

    /// <summary>Notes when bytes were taken.</summary>
    internal void Note(long nowUs) => LastTakenUs = nowUs;

    private ReadOnlySpan<byte> TakePrefix(ReadOnlySpan<byte> bytes)
    {
        int count = Math.Min(bytes.Length, sizeof(int) - _prefixBytes);
        bytes[..count].CopyTo(_prefix.AsSpan(_prefixBytes));
        _prefixBytes += count;
        if (_prefixBytes == sizeof(int))
        {
            (Length, Taken) = (BinaryPrimitives.ReadInt32BigEndian(_prefix), 0);
        }

        return bytes[count..];
    }

    private ReadOnlySpan<byte> TakeBody(ReadOnlySpan<byte> bytes)
    {
        int count = Math.Min(bytes.Length, Length - Taken);
        Taken += count;
        if (Taken == Length)
        {
            _requests++;
            (_prefixBytes, Taken) = (0, 0);
        }

        return bytes[Math.Max(0, count)..];
    }
}
