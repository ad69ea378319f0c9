using RaftLog.Protocol;

namespace RaftLog.Metadata;

/// <summary>The random choices of the controller: topic ids and where placement begins. The same numbers give the same records.</summary>
public interface IRandomSource
{
    /// <summary>A uniform number from 0 to <paramref name="exclusiveMax"/> - 1.</summary>
    int Next(int exclusiveMax);

    /// <summary>A random id.</summary>
    Uuid NextId();
}
