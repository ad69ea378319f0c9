namespace RaftLog.Interop.Frameworks;

/// <summary>The handler has failed.</summary>
public sealed class OrderException(int number) : Exception($"order {number}");
