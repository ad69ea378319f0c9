using RaftLog.Protocol.Compression;

namespace RaftLog.Interop.Tests.Clusters;

/// <summary>A batch as it lies in a segment file.</summary>
/// <param name="BaseOffset">Its first offset.</param>
/// <param name="LastOffset">Its last offset.</param>
/// <param name="Compression">Its codec.</param>
/// <param name="Fingerprint">A digest of all its bytes, leader epoch included.</param>
internal readonly record struct StoredBatch(long BaseOffset, long LastOffset, CompressionType Compression, string Fingerprint);
