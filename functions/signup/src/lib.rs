//! Signup hook and browser forms.
