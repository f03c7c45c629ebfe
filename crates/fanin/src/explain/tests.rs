//! Facts that the topics tell, measured.
