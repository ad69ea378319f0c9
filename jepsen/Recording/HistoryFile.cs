using System.Text;
using RaftLog.Checking;

namespace RaftLog.Jepsen.Recording;

/// <summary>Reads a kept history.</summary>
internal static class HistoryFile
{
    /// <summary>All events.</summary>
    /// <exception cref="FormatException">A line is not one of a history; the message says which.</exception>
    public static List<HistoryEvent> Read(string path)
    {
        List<HistoryEvent> events = [];
        foreach (string line in File.ReadLines(path))
        {
            try
            {
                events.Add(HistoryLine.Read(Encoding.UTF8.GetBytes(line)));
            }
            catch (Exception e) when (e is FormatException or System.Text.Json.JsonException)
            {
                throw new FormatException($"{path} line {events.Count + 1}: {e.Message}");
            }
        }

        return events;
    }
}
