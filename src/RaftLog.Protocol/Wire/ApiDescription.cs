namespace RaftLog.Protocol.Wire;

/// <summary>One request with its response: what a table of supported APIs says about it.</summary>
/// <param name="Key">The api key.</param>
/// <param name="Name">The name without suffix: <c>Fetch</c>.</param>
/// <param name="LowestVersion">The lowest version that can be read and written.</param>
/// <param name="HighestVersion">The highest version that can be read and written.</param>
/// <param name="FirstFlexibleVersion">The first version with compact lengths and tagged fields; 32767 when there is none.</param>
/// <param name="NewRequest">Makes an empty request.</param>
/// <param name="NewResponse">Makes an empty response.</param>
public sealed record ApiDescription(
    ApiKey Key,
    string Name,
    short LowestVersion,
    short HighestVersion,
    short FirstFlexibleVersion,
    Func<IMessage> NewRequest,
    Func<IMessage> NewResponse
)
{
    /// <summary>True when a version can be read and written.</summary>
    public bool Supports(short version) => version >= LowestVersion && version <= HighestVersion;

    /// <summary>True when a version, known or not yet, is flexible.</summary>
    public bool IsFlexible(short version) => version >= FirstFlexibleVersion;
}
