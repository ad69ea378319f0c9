namespace RaftLog.Protocol.Wire;

/// <summary>
/// Where the content of a length-prefixed part begins, from <see cref="WireWriter.BeginSized"/> to <see cref="WireWriter.EndSized"/>.
/// </summary>
/// <param name="Position">The place of the reserved length byte among the writer's own bytes.</param>
/// <param name="Length">The writer's length before the content.</param>
public readonly record struct SizeMark(int Position, int Length);
