using System.Text.Json;
using RaftLog.Protocol;

namespace RaftLog.TestKit;

/// <summary>Error codes under the names of Kafka's documentation, as in <c>NOT_LEADER_OR_FOLLOWER</c>.</summary>
public static class ErrorName
{
    /// <summary>The name of a code.</summary>
    public static string Of(ErrorCode error) => JsonNamingPolicy.SnakeCaseUpper.ConvertName(error.ToString());

    /// <summary>The code with a name.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public static ErrorCode Parse(string name)
    {
        foreach (ErrorCode error in Enum.GetValues<ErrorCode>())
        {
            if (Of(error) == name)
            {
                return error;
            }
        }

        throw new FormatException($"there is no error code {name}");
    }
}
