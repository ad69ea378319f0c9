using RaftLog.Platform.Buffers;

namespace RaftLog.Platform.Rpc;

/// <summary>The end of reading a frame.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Frame">The frame without its length when complete, else null; its one reference is the receiver's.</param>
/// <param name="Length">The announced length in bytes, as far as it was read.</param>
public readonly record struct FrameRead(FrameStatus Status, PooledBuffer? Frame, int Length);
